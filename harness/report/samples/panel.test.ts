import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { historyOf } from '../../trace/history.ts';
import type { Trace } from '../../trace/schema.ts';
import { png, trace, traceSet } from '../testing/build.ts';
import { IMAGE_LIMITS, type ImageCache, openImageCache } from './image-cache.ts';
import { type ImageRow, openSampleFiles, type RecordingRow, samplePanel } from './panel.ts';
import { openRecordings, RECORDING_LIMITS } from './recordings.ts';

let root: string;

/** The panel of traces that show only images. */
async function imagePanel(
  images: ImageCache,
  traces: readonly Trace[],
  resumeAt: number[],
  maxRows?: number,
) {
  const history = historyOf({ steps: 30, resumeAt });
  const { rows, more } = await samplePanel(
    { ...openSampleFiles(root), images },
    traces,
    history,
    [],
    maxRows,
  );
  return { rows: rows as ImageRow[], more };
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'report-images-'));
});
afterEach(() => rm(root, { recursive: true }));

test('a frozen run shows its checkpoint’s image again, a healthy run the control’s', async () => {
  const frozen = await imagePanel(
    openImageCache(root),
    await traceSet(root, 'frozen', { frozen: true, samples: ['cat'] }),
    [15],
  );
  expect(frozen.rows[0]?.differences.map(({ question, result }) => `${question} ${result}`)).toEqual([
    'Did it change? No: identical',
    expect.stringMatching(/^Is it the same\? No: \d+ of 256 pixels differ, by up to \d+ of 255$/),
  ]);
  expect(frozen.rows[0]?.differences[0]?.note).toMatch(
    /^in the control, over the same steps: \d+ of 256 pixels differ/,
  );
  const healthy = await imagePanel(
    openImageCache(root),
    await traceSet(root, 'healthy', { samples: ['cat'] }),
    [15],
  );
  expect(healthy.rows[0]?.differences.map(({ identical }) => identical)).toEqual([false, true]);
  expect(healthy.rows[0]?.images.map(({ src }) => src?.slice(0, 22))).toEqual(
    Array(5).fill('data:image/png;base64,'),
  );
  expect(healthy.rows[0]?.images[2]?.note).toBe('against saved: identical');
});

test('each of two resumes is compared at its own steps', async () => {
  const plan = { steps: 30, resumeAt: [10, 20] };
  const shot = (at: 'pass' | 'save' | 'resume' | 'end', step: number, image: number) => ({
    at,
    step,
    name: 'cat',
    image,
  });
  const traces = [
    await trace(root, {
      role: 'control',
      steps: [1, 30],
      plan,
      samples: [shot('pass', 10, 1), shot('pass', 20, 2), shot('end', 30, 3)],
    }),
    await trace(root, { role: 'before', steps: [1, 10], plan, samples: [shot('save', 10, 1)] }),
    await trace(root, {
      role: 'after',
      segment: 1,
      steps: [11, 20],
      plan,
      samples: [shot('resume', 10, 1), shot('save', 20, 2)],
    }),
    await trace(root, {
      role: 'after',
      segment: 2,
      steps: [21, 30],
      plan,
      samples: [shot('resume', 20, 2), shot('end', 30, 2)],
    }),
  ];
  const { rows } = await imagePanel(openImageCache(root), traces, plan.resumeAt);
  expect(rows.map(({ differences }) => differences.map(({ identical }) => identical))).toEqual([
    [false, true],
    [true, false],
  ]);
  expect((await imagePanel(openImageCache(root), traces, plan.resumeAt, 1)).more).toBe(1);
});

test('processes that resume from one checkpoint are each compared with what it saved', async () => {
  const from = { process: 'before', step: 10 };
  const history = {
    steps: 30,
    processes: [
      { id: 'before', from: null, until: 10, saves: [10] },
      { id: 'first', from, until: 30, saves: [] },
      { id: 'second', from, until: 30, saves: [] },
    ],
  };
  const shot = (at: 'pass' | 'save' | 'resume' | 'end', step: number, image: number) => ({
    at,
    step,
    name: 'cat',
    image,
  });
  const resumed = async (id: string, segment: number, image: number): Promise<Trace> => {
    const one = await trace(root, {
      role: 'after',
      segment,
      steps: [11, 30],
      samples: [shot('resume', 10, 1), shot('end', 30, image)],
    });
    return { ...one, run: { ...one.run!, id } };
  };
  const traces = [
    await trace(root, {
      role: 'control',
      steps: [1, 30],
      samples: [shot('pass', 10, 1), shot('end', 30, 3)],
    }),
    await trace(root, { role: 'before', steps: [1, 10], samples: [shot('save', 10, 1)] }),
    await resumed('first', 1, 3),
    await resumed('second', 2, 1),
  ];
  const { rows } = await samplePanel(openSampleFiles(root), traces, history);
  expect(rows.map(({ differences }) => differences.map(({ identical }) => identical))).toEqual([
    [false, true],
    [true, false],
  ]);
});

async function noteOn(file: string, over: Partial<Trace> = {}): Promise<string> {
  const one = await trace(join(root, 'run', 's'), { role: 'control', steps: [1, 2], over });
  const sample = {
    kind: 'sample',
    type: 'image',
    at: 'end',
    step: 2,
    name: 'x',
    file,
    digest: '',
    width: 16,
    height: 16,
  } as const;
  const loaded = await openImageCache(join(root, 'run')).load({
    file: join(dirname(one.file), file),
    sample,
  });
  return loaded.note ?? 'fine';
}

test('an image that is missing, broken, not a PNG, a pipe, too large or outside the folder becomes a note', async () => {
  const samples = join(root, 'run', 's', 'control', 'samples');
  await mkdir(samples, { recursive: true });
  await writeFile(join(root, 'secret.png'), await png(16, 16, 1));
  const put = (name: string, bytes: Buffer | string) => writeFile(join(samples, name), bytes);
  await put('good.png', await png(16, 16, 1));
  await put('text.png', 'no image');
  await put('svg.png', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await put('cut.png', (await png(64, 64, 1)).subarray(0, 900));
  await put(
    'wide.png',
    await sharp({ create: { width: 4097, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  await put('big.png', '');
  await truncate(join(samples, 'big.png'), IMAGE_LIMITS.fileBytes + 1);
  await put('other.png', await png(8, 8, 1));
  await symlink(join(root, 'secret.png'), join(samples, 'link.png'));
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(samples, 'pipe.png')]);

  expect(await noteOn('samples/good.png')).toBe('fine');
  expect(await noteOn('samples/gone.png')).toBe('cannot be shown: the file is missing');
  expect(await noteOn('samples/text.png')).toBe('cannot be shown: it is not a PNG image');
  expect(await noteOn('samples/svg.png')).toBe('cannot be shown: it is not a PNG image');
  expect(await noteOn('samples/cut.png')).toBe('cannot be shown: the PNG image is broken');
  expect(await noteOn('samples/wide.png')).toBe(
    'cannot be shown: it is 4097×1, but a side may have at most 4096 pixels',
  );
  expect(await noteOn('samples/big.png')).toBe('cannot be shown: it has 2097153 bytes, more than 2097152');
  expect(await noteOn('samples/other.png')).toBe('the trace says 16×16');
  expect(await noteOn('samples/link.png')).toBe('cannot be shown: the path leads out of the run’s folder');
  expect(await noteOn('../../../secret.png')).toBe('cannot be shown: the path leads out of the run’s folder');
  expect(await noteOn('samples/pipe.png')).toBe('cannot be shown: it is not a regular file');
  expect(await noteOn('good.png', { file: join(root, 'trace.jsonl') })).toBe(
    'cannot be shown: the file is missing',
  );
});

test('images beyond the page’s limit are left out and counted, not silently dropped', async () => {
  const traces = await traceSet(root, 'many', { samples: ['a', 'b', 'c'] });
  const small = openImageCache(root, { ...IMAGE_LIMITS, embeddedBytes: 5000 });
  const { rows } = await imagePanel(small, traces, [15]);
  const images = rows.flatMap((row) => row.images);
  const shown = images.reduce((sum, { src }) => sum + (src?.length ?? 0), 0);
  expect(shown).toBeGreaterThan(0);
  expect(shown).toBeLessThanOrEqual(5000);
  expect(small.leftOut()).toBe(images.filter(({ note }) => note?.startsWith('left out')).length);
  expect(small.leftOut()).toBeGreaterThan(0);
  const few = await imagePanel(openImageCache(root, { ...IMAGE_LIMITS, pixels: 300 }), traces, [15]);
  expect(few.rows[2]?.images[0]?.note).toBe(
    'cannot be shown: the report’s images together have too many pixels',
  );
});

test('audio and texts that are missing, damaged or too many become notes', async () => {
  const traces = await traceSet(root, 'voice', { samples: [], story: 'Once' });
  const [control, , after] = traces;
  const at = (trace: Trace | undefined, file: string) => join(dirname(trace!.file), 'samples', file);
  await rm(at(control, 'recording-0-pass.txt'));
  await writeFile(at(control, 'recording-1-pass.wav'), '<svg onload="1"/>');
  await writeFile(at(after, 'recording-0-resume.txt'), `\u202e${'x'.repeat(3000)}`);
  const recordings = openRecordings(root, { ...RECORDING_LIMITS, embeddedBytes: 5000 });
  const { rows } = await samplePanel(
    { ...openSampleFiles(root), recordings },
    traces,
    historyOf({ steps: 30, resumeAt: [15] }),
  );
  const [story, tone] = rows as RecordingRow[];
  expect(story?.recordings[0]).toMatchObject({
    text: undefined,
    note: 'cannot be shown: the file is missing',
  });
  expect(story?.recordings[2]).toMatchObject({
    text: expect.stringMatching(/^‹U\+202E›x{1999}… \(1,001 more characters\)$/),
    note: 'the trace gives another digest; against saved: identical',
  });
  expect(tone?.recordings.map(({ audio, note }) => audio?.slice(0, 22) ?? note)).toEqual([
    'cannot be shown: it is not a WAV file',
    'data:audio/wav;base64,',
    'data:audio/wav;base64,',
    'left out: no room on the page',
    'left out: no room on the page',
  ]);
  expect(recordings.leftOut()).toBe(2);
});

test('an image of the baseline is beside the control’s, at the end only', async () => {
  const traces = await traceSet(root, 'healthy', { samples: ['cat'] });
  await mkdir(join(root, 'healthy', 'baseline'));
  await writeFile(join(root, 'healthy', 'baseline', 'cat.png'), await png(16, 16, 99));
  const baseline = [{ name: 'cat', file: 'healthy/baseline/cat.png', comparable: true }];
  const history = historyOf({ steps: 30, resumeAt: [15] });
  const { rows } = await samplePanel(openSampleFiles(root), traces, history, baseline);
  const [{ images, differences }] = rows as [ImageRow];
  expect(images.map(({ label }) => label).slice(-2)).toEqual([
    'control, end',
    'baseline, end of the control',
  ]);
  expect(images.every(({ src }) => src !== undefined)).toBe(true);
  expect(differences.at(-1)).toMatchObject({
    question: 'Did the training itself change?',
    result: expect.stringMatching(/^Yes: \d+ of 256 pixels differ/),
  });
  const twice = historyOf({ steps: 30, resumeAt: [10, 15] });
  const of = await samplePanel(openSampleFiles(root), traces, twice, baseline);
  expect((of.rows as ImageRow[]).map((row) => row.images.length)).toEqual([5, 6]);
  const elsewhere = await samplePanel(openSampleFiles(root), traces, history, [
    { name: 'cat', file: '../../secret.png', comparable: false },
  ]);
  // Noise answers nothing.
  expect((elsewhere.rows as ImageRow[])[0]!.differences).toHaveLength(2);
  expect((elsewhere.rows as ImageRow[])[0]!.images.at(-1)).toMatchObject({
    src: undefined,
    note: expect.stringMatching(/^cannot be shown: the (file is missing|path leads out)/),
  });
});

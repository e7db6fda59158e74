import { execFile } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOUNDS } from '../json/scan.ts';
import { coveredBy } from './deviations.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import { readTrace, traceReader } from './read.ts';
import { DEVIATIONS, recordSchema, type Trace, type TraceRecord } from './schema.ts';
import { processRecords, traces } from './testing/records.ts';
import { appendRecord, createTrace, formatRecord } from './write.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trace-'));
  file = join(folder, 'run', 'trace.jsonl');
  await mkdir(join(folder, 'run'));
});
afterAll(() => rm(folder, { recursive: true }));

const ENDS_EARLY = 'ends before the run did, without an end record';
const WITHOUT_EITHER = 'ends before the run did, without an end or a process record';

/** The trace that readTrace must return for these records. */
function sorted(records: readonly TraceRecord[], defect?: string): Trace {
  const all = <K extends TraceRecord['kind']>(kind: K) =>
    records.filter((record): record is Extract<TraceRecord, { kind: K }> => record.kind === kind);
  const steps = records.flatMap((record, index) => {
    if (record.kind !== 'step') return [];
    const { names, groups } = records.slice(0, index).findLast(({ kind }) => kind === 'parameters') as {
      names: string[];
      groups: (string | null)[];
    };
    return [{ ...record, names, groups }];
  });
  return {
    file,
    run: all('run')[0],
    states: all('state'),
    steps,
    samples: all('sample'),
    resumed: all('resumed')[0],
    saved: all('saved'),
    checkpoints: all('checkpoint'),
    failure: all('failure').at(-1),
    end: all('end').at(-1),
    process: all('process').at(-1),
    defect:
      defect ?? (all('end').length > 0 ? undefined : all('process').length > 0 ? ENDS_EARLY : WITHOUT_EITHER),
  };
}

test('reads back what was written, including NaN and infinities', async () => {
  await fc.assert(
    fc.asyncProperty(traces, fc.option(processRecords), async (records, ended) => {
      rmSync(file, { force: true });
      const writer = createTrace(file);
      for (const record of records) writer.write(record);
      writer.close();
      if (ended !== null) appendRecord(file, ended);
      expect(await readTrace(file)).toEqual(sorted([...records, ...(ended === null ? [] : [ended])]));
    }),
    { numRuns: 60 },
  );
});

test('traces read together share equal columns', async () => {
  writeFileSync(
    file,
    [run, resumed, parameters, step(3), { ...step(4), seconds: 9 }, end].map(formatRecord).join(''),
  );
  const read = traceReader();
  const [one, other] = [await read(file), await read(file)];
  expect(other).toEqual(one);
  expect(other.steps[1]!.l2).toBe(one.steps[0]!.l2);
  expect((await readTrace(file)).steps[0]!.l2).not.toBe(one.steps[0]!.l2);
});

test('creates the folder of a trace and never overwrites a trace', () => {
  rmSync(join(folder, 'run'), { recursive: true });
  createTrace(file).close();
  expect(() => createTrace(file)).toThrow(/EEXIST/);
});

const run: TraceRecord = {
  kind: 'run',
  format: 2,
  scenario: 'größe',
  role: 'after',
  id: 'after-1',
  horizon: 4,
  until: 4,
  stepIs: 'micro-batch',
  seed: 0,
  lacks: [],
  backend: {
    requested: 'cpu',
    name: 'cpu',
    adapter: '',
    driver: null,
    hardware: false,
    deterministic: true,
    versions: {},
  },
  process: { pid: 1, runtime: '', platform: '' },
};
const resumed: TraceRecord = {
  kind: 'resumed',
  step: 2,
  from: { process: 'before', checkpoint: 'kept' },
};
const step = (step: number, width = 1) => {
  const column = <T>(value: T): T[] => Array<T>(width).fill(value);
  return {
    kind: 'step',
    step,
    seconds: 0,
    claimed: { step, loss: Number.NaN, learningRates: {}, batch: [], applied: true },
    l2: column(Number.POSITIVE_INFINITY),
    updateL2: column(0),
    changed: column(true),
    gradientL2: column(null),
    hookCalls: column(0),
    updates: column(0),
    learningRates: column(null),
    strayHookCalls: 0,
    strayUpdates: 0,
  } satisfies TraceRecord;
};
const text = (record: TraceRecord) => formatRecord(record).trim();
const line = (record: object) => JSON.stringify(record);
const numbered = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 0]));
const state: TraceRecord = { kind: 'state', at: 'end', step: 4, tensors: [], random: {}, counters: {} };
const parameters: TraceRecord = { kind: 'parameters', names: ['é'], groups: [null] };
const end = {
  kind: 'end',
  step: 4,
  seconds: { startup: 0, training: 0, probing: 0, sampling: 0 },
} satisfies TraceRecord;
const ended: TraceRecord = {
  kind: 'process',
  outcome: 'crashed',
  exitCode: null,
  signal: 'SIGKILL',
  seconds: 1,
  stderr: [],
};

test('reads and reports a trace truncated at any byte, and still appends a process record', async () => {
  const records = [run, resumed, parameters, step(3), step(4), end];
  const bytes = Buffer.from(records.map(formatRecord).join(''));
  rmSync(file, { force: true });
  writeFileSync(file, bytes);
  for (let size = bytes.length; size >= 0; size--) {
    truncateSync(file, size);
    const lines = bytes.subarray(0, size).toString().split('\n');
    const last = lines.pop()!;
    // A complete record counts even without its line end.
    const whole = lines.length + (records.some((record) => formatRecord(record) === `${last}\n`) ? 1 : 0);
    const torn = last !== '' && whole === lines.length;
    const defect = torn
      ? `line ${lines.length + 1} is not JSON (truncated?)`
      : whole > 0
        ? undefined // of the records that it has
        : 'is empty';
    expect(await readTrace(file), `${size} bytes`).toEqual(sorted(records.slice(0, whole), defect));
    if (size % 11 !== 0) continue;
    appendRecord(file, ended);
    expect(await readTrace(file), `${size} bytes`).toEqual(
      sorted([...records.slice(0, whole), ended], defect),
    );
  }
});

test('a million bad values are one defect', async () => {
  for (const bad of [
    { ...JSON.parse(text(step(4))), changed: Array(1e6).fill(1) },
    { ...JSON.parse(text(step(4))), l2: Array(1e6).fill('x') },
    { ...state, tensors: Array(1e6).fill(1) },
  ]) {
    const before = process.resourceUsage().maxRSS;
    writeFileSync(file, [text(run), line(bad)].join('\n'));
    expect((await readTrace(file)).defect).toMatch(
      /^line 2 is not a trace record: (changed|l2|tensors)\.0: /,
    );
    expect((process.resourceUsage().maxRSS - before) * 1024, 'memory used by reading').toBeLessThan(3e8);
  }
});

test('brackets that never close in a column take no memory of their own', async () => {
  const before = process.resourceUsage().maxRSS;
  writeFileSync(file, `${text(run)}\n${text(step(3)).replace('"l2":', `"l2":${'['.repeat(2e7)}`)}`);
  expect((await readTrace(file)).defect).toBe('line 2 has values nested more than 64 deep');
  expect((process.resourceUsage().maxRSS - before) * 1024, 'memory used by reading').toBeLessThan(3e8);
});

test('a trace of few counters in each state has no more than its length allows', async () => {
  const few = (at: number, space = '') => {
    const line = text({ ...state, at: 'pass', step: at, counters: numbered(10_000) });
    return [text(step(at)), line.replace('{', `{${space}`)];
  };
  const lines = (states: number, space?: string) => [
    text(run),
    text(resumed),
    text(parameters),
    ...Array.from({ length: states }, (_, index) => few(3 + index, space)).flat(),
  ];
  writeFileSync(file, lines(100).join('\n'));
  expect((await readTrace(file)).defect).toMatch(/^line 3\d has more counters, /);
  // Space counts as length.
  writeFileSync(file, lines(30, ' '.repeat(3e5)).join('\n'));
  expect((await readTrace(file)).defect).toBe(WITHOUT_EITHER);
});

const COLUMNS = ['l2', 'updateL2', 'changed', 'gradientL2', 'hookCalls', 'updates', 'learning-rates'];
const values = fc.constantFrom(
  ...[
    '[1]',
    '[0.5]',
    '[-0]',
    '[-1]',
    '[1e999]',
    '[9007199254740993]',
    '[true]',
    '[null]',
    '["NaN"]',
    '[ 1 ]',
  ],
  ...[
    '["\\u004eaN"]',
    '["nan"]',
    '["]"]',
    '["é"]',
    '[1,]',
    '[1 2]',
    '[[1]]',
    '[]',
    '[1,2]',
    '[',
    ']',
    '5',
    '',
  ],
  ...['"[1]"', '{"l2":[2]}', '{"a":"}","l2":[2]}', '"\\"l2\\":[1]"', 'null', '[toString]', '["toString"]'],
);
/** A step as text: with replaced values, shuffled keys, extra keys or a corrupted character. */
const lines = fc
  .record({
    record: fc.constantFrom(step(3), {
      ...step(3),
      appliedGradientL2: [0.5],
      linf: [0.25],
      strayGradients: 1,
    }),
    replaced: fc.uniqueArray(fc.constantFrom(...COLUMNS), { maxLength: 3 }),
    value: values,
    others: fc.array(
      fc.tuple(fc.constantFrom('"l2"', '"\\u006c2"', '"changed"', '"claimed"', '"x\\"l2"', '"é"'), values),
      { maxLength: 1 },
    ),
    space: fc.constantFrom('', ' ', '\t '),
    torn: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.nat(300), fc.constantFrom('', '"', ']', '}', '{', ',', '\\', '0')),
      },
    ),
  })
  .chain(({ record, replaced, value, others, space, torn }) => {
    const own = Object.entries(JSON.parse(text(record))).map(
      ([key, given]) =>
        [JSON.stringify(key), replaced.includes(key) ? value : JSON.stringify(given)] as const,
    );
    const entries = [...own, ...others];
    return fc.shuffledSubarray(entries, { minLength: entries.length - others.length }).map((some) => {
      const whole = `{${some.map((entry) => entry.join(`${space}:${space}`)).join(`,${space}`)}}`;
      if (torn === undefined) return whole;
      const at = torn[0] % whole.length;
      return whole.slice(0, at) + torn[1] + whole.slice(at + 1);
    });
  });

test('accepts and refuses steps exactly as the schema does, however the line is written', async () => {
  let [taken, refused, repeated] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(lines, async (line) => {
      writeFileSync(file, [text(run), text(resumed), text(parameters), line].join('\n'));
      const { steps, defect } = await readTrace(file);
      const { success, data, error } = recordSchema.safeParse(parsed(line));
      if (parsed(line) !== undefined && keysIn(line) > keysIn(JSON.stringify(parsed(line)))) {
        repeated += 1;
        expect(steps).toEqual([]);
        expect(defect).toMatch(/^line 4 has duplicate key "/);
      } else if (!success) {
        refused += 1;
        expect(steps).toEqual([]);
        const [{ path, message }] = error.issues as [(typeof error.issues)[0]];
        const where = `line 4 is not a trace record: ${path.join('.') || 'record'}`;
        if (parsed(line) === undefined) expect(defect).toMatch(/^line 4 (is not JSON|has NaN)/);
        else if (defect !== `${where} is missing`) expect(defect).toBe(`${where}: ${message}`);
        else expect(path.reduce<unknown>((held, key) => Object(held)[key], parsed(line))).toBeUndefined();
      } else if (steps.length > 0) {
        taken += 1;
        expect(steps).toEqual([{ ...data, names: ['é'], groups: [null] }]);
      } else expect(defect).toMatch(/^line 4 (jumps|is step)/);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(taken, refused, repeated)).toBeGreaterThan(100);
});

const keysIn = (json: string): number => json.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const drawn = { kind: 'sample', at: 'end', step: 4, name: 'cat', digest: 'a'.repeat(64) };
const image = (file: string) => ({ ...drawn, type: 'image', file, width: 1, height: 1 });
const audio = { ...drawn, type: 'audio', file: 'samples/x.wav', sampleRate: 8000, channels: 1, seconds: 1 };
const writing = { ...drawn, type: 'text', file: 'samples/x.txt', characters: 1 };

test.each<[what: string, line: string, defect: RegExp]>([
  ['text that is not JSON', 'Traceback (most recent call last):', /is not JSON/],
  ['Python’s NaN', text(step(4)).replace('"NaN"', 'NaN'), / has NaN or an infinity without quotes$/],
  ['JSON that is not an object', '[1]', /is not a trace record: record: .*expected object, received array/],
  ['null', 'null', /is not a trace record: record: .*received null/],
  ['an unknown kind', line({ kind: 'loss' }), /is not a trace record: kind: .*'parameters'/],
  ['a missing field', line({ kind: 'end', step: 1 }), /is not a trace record: seconds is missing$/],
  [
    'a field of the wrong type',
    line({ ...JSON.parse(text(step(4))), changed: [1] }),
    /: changed\.0: .*expected boolean/,
  ],
  [
    'a number beyond doubles',
    text(step(4)).replace('"NaN"', '1e999'),
    /: claimed\.loss: expected a number, or /,
  ],
  [
    'a norm beyond doubles',
    text(step(4)).replace('"Infinity"', '1e999'),
    /: l2\.0: expected a number that is not negative, or /,
  ],
  ['a negative norm', text(step(4)).replace('"Infinity"', '-1'), /: l2\.0: Too small|: l2\.0: expected/],
  [
    'a counter that is a list',
    line({ ...state, counters: { step: [] } }),
    /: counters\.step: expected a number, text/,
  ],
  ['a newer format', line({ ...run, format: 3 }), /has trace format 3, newer than 2; use a newer/],
  ['a second run', text(run), /is a second run record/],
  ['too many columns', text(step(4, 2)), /is step 4, whose column 'l2' is 2 long instead of 1/],
  [
    'a short column',
    line({ ...JSON.parse(text(step(4))), l2: [] }),
    /whose column 'l2' is 0 long instead of 1/,
  ],
  [
    'names and groups of different lengths',
    line({ ...parameters, groups: [] }),
    /names and groups differ in length/,
  ],
  ['a skipped step', text(step(5)), /is step 5, but step 4 comes next/],
  ['a repeated step', text(step(3)), /is step 3, but step 4 comes next/],
  ['an image in another folder', line(image('samples/../../x.png')), /: file: /],
  ['an image with an absolute path', line(image('/etc/x.png')), /: file: /],
  ['an image of another type', line(image('samples/x.svg')), /: file: /],
  ['a huge image', line({ ...image('samples/x.png'), width: 4097 }), /: width: .*4096/],
  ['a sample without a type', line({ ...writing, type: undefined }), /: type(: .*'image'| is missing)/],
  ['audio in the file of an image', line({ ...audio, file: 'samples/x.png' }), /: file: /],
  ['audio that does not end', line({ ...audio, seconds: 3601 }), /: seconds: .*3600/],
  ['audio without a channel', line({ ...audio, channels: 0 }), /: channels: /],
  ['a text in another folder', line({ ...writing, file: 'samples/../x.txt' }), /: file: /],
  ['a text with a long name', line({ ...writing, file: `samples/${'x'.repeat(128)}.txt` }), /: file: .*128/],
  ['a huge text', line({ ...writing, characters: 1_000_001 }), /: characters: .*1000000/],
  [
    'a duplicate key',
    text(step(4)).replace('"strayUpdates"', '"\\u0073econds":9,"strayUpdates"'),
    /has duplicate key "\\u0073econds"/,
  ],
  [
    'a duplicate key inside',
    line(state).replace('{}', '{"a":"","b":{"a":1},"a":""}'),
    /has duplicate key "a"/,
  ],
  ['a key that readers lose', line(state).replace('{}', '{"__proto__":""}'), /has key "__proto__"/],
  ['deep nesting', '['.repeat(1e5), /has values nested more than 64 deep/],
  [
    'deep nesting in a column',
    line({ ...step(4), l2: [] }).replace('[]', '['.repeat(1e5)),
    /more than 64 deep/,
  ],
  ['very many keys', `{${'"":0,'.repeat(BOUNDS.keys)}"":0}`, /has more than 1000000 keys/],
  ['very many values', `[${'0,'.repeat(BOUNDS.values)}0]`, /has more than 4000000 values/],
  ['very many counters', line({ ...state, counters: numbered(100_001) }), /has more counters, generators, /],
  [
    'very many bad generators',
    line({ ...state, random: numbered(100_001) }),
    /has more counters, generators, /,
  ],
  [
    'very many learning rates',
    text({ ...step(4), claimed: { ...step(4).claimed, learningRates: numbered(100_001) } }),
    /has more counters, generators, /,
  ],
  [
    'very many versions',
    line({ ...run, backend: { ...run.backend, versions: numbered(100_001) } }),
    /has more counters, generators, /,
  ],
  ['very many values in a column', text(step(4, BOUNDS.values / 4)), /has more than 4000000 values/],
])('%s is a defect that names its line and ends the reading', async (_, hostile, defect) => {
  const saved: TraceRecord = { kind: 'saved', step: 3, checkpoint: 'kept', seconds: 0, bytes: 0 };
  const lines = [run, resumed, parameters, step(3)].map(text);
  const last = { ...end, step: 3 };
  writeFileSync(file, [...lines, hostile, text(saved), hostile, text(last), text(ended), ''].join('\n'));
  const trace = await readTrace(file);
  expect(trace.defect).toMatch(/^line 5 /);
  expect(trace.defect).toMatch(defect);
  // The parent writes how the process ended, whatever the process wrote.
  expect(trace).toEqual(sorted([run, resumed, parameters, step(3), ended], trace.defect));
});

test.each([
  ['a folder', () => mkdirSync(file)],
  ['a pipe', () => promisify(execFile)('mkfifo', [file])],
  ['a device', () => symlinkSync('/dev/zero', file)],
])('%s in place of a trace is a defect at once', async (_, make) => {
  rmSync(file, { force: true, recursive: true });
  await make();
  expect(await readTrace(file)).toEqual(
    sorted([], 'cannot be read: a folder, pipe or device, not a regular file'),
  );
  rmSync(file, { recursive: true });
});

test('a link to a trace is read, and blank lines count', async () => {
  writeFileSync(`${file}.moved`, `\n\n${[run, resumed, parameters, step(5)].map(text).join('\n\n\n')}\n`);
  symlinkSync(`${file}.moved`, file);
  expect((await readTrace(file)).defect).toBe('line 12 is step 5, but step 3 comes next');
  rmSync(file);
});

test('ignores all records before a run record', async () => {
  writeFileSync(file, [parameters, step(3), end].map(formatRecord).join(''));
  expect(await readTrace(file)).toEqual(sorted([], 'line 1 comes before the run record'));
  rmSync(file);
  expect((await readTrace(file)).defect).toMatch(/^cannot be read: ENOENT/);
});

test('steps that do not start where the process does, or an end at another step, are a defect', async () => {
  writeFileSync(file, [run, resumed, parameters, step(4), end].map(formatRecord).join(''));
  expect((await readTrace(file)).defect).toBe('line 4 is step 4, but step 3 comes next');
  writeFileSync(
    file,
    [{ ...run, role: 'before' as const }, parameters, step(3), end].map(formatRecord).join(''),
  );
  expect((await readTrace(file)).defect).toBe('line 3 is step 3, but step 1 comes next');
  writeFileSync(file, [run, resumed, parameters, step(3), end].map(formatRecord).join(''));
  expect((await readTrace(file)).defect).toBe('line 5 ends at step 4 after step 3');
});

test('steps before their parameter table are a defect', async () => {
  writeFileSync(file, [run, resumed, step(3), parameters, end].map(formatRecord).join(''));
  expect((await readTrace(file)).defect).toBe('line 3 is step 3 before the first parameters record');
});

test('an endless line fills neither memory nor the message', async () => {
  const handle = openSync(file, 'w');
  writeFileSync(handle, formatRecord(run));
  // A sparse file: a gigabyte of zeros that takes no disk space.
  ftruncateSync(handle, 2 ** 30);
  closeSync(handle);
  const before = process.resourceUsage().maxRSS;
  expect((await readTrace(file)).defect).toBe(`line 2 is longer than ${MAX_LINE_BYTES} bytes`);
  const kilobytes = process.resourceUsage().maxRSS - before;
  expect(kilobytes * 1024, 'memory used by reading').toBeLessThan(4 * MAX_LINE_BYTES);

  const broken = { ...state, random: { ['k'.repeat(1e6)]: 'x' } };
  writeFileSync(file, [text(run), line(broken)].join('\n'));
  const { defect } = await readTrace(file);
  expect(defect).toMatch(/^line 2 is not a trace record: random\.kkk/);
  expect(defect!.length).toBeLessThan(1000);
});

test.each([
  ['step-count', 'counter', ['step', 'globalStep', 'global_step', 'updates', 'batches', 'steps']],
  ['data-order', 'counter', ['data.epoch', 'data.position', 'epoch', 'sampler/cursor']],
  ['data-order', 'random', ['shuffle', 'sampler', 'data.order']],
  ['random', 'random', ['noise', 'dropout', 'python', 'torch.cuda']],
  ['schedule', 'counter', ['schedule.main.lastEpoch', 'learningRate.all', 'optimizer.learningRate', 'lr']],
  ['slots', 'counter', ['optimizer.main.step', 'actor/optimizer.iterations']],
  ['ema', 'counter', ['ema.updates']],
  ['loss-scale', 'counter', ['lossScale', 'lossScale.growth', 'loss_scale']],
  ['gradients', 'counter', ['accumulation.phase', 'microBatch']],
  [undefined, 'counter', ['weightDecay.all', 'optimizer.beta1', 'patience', 'stepping', 'datagram']],
] as const)('only %s covers the %s entries of these names', (deviation, kind, names) => {
  for (const name of names) {
    const covering = DEVIATIONS.filter((each) => coveredBy([each], { kind, name }) !== undefined);
    expect(covering, name).toEqual(deviation === undefined ? [] : [deviation]);
  }
});

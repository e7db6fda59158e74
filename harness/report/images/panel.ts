/** The image panel as data: for each sample and resume, its images over time and their differences. */
import type { SampleRecord, Trace } from '../../trace/schema.ts';
import { visible } from '../text.ts';
import { IMAGE_LIMITS, type Image, type ImageCache, type Loaded } from './image-cache.ts';

export interface Difference extends Image {
  readonly question: string;
  readonly identical: boolean | undefined;
  readonly result: string;
}
export interface ImageRow {
  readonly name: string;
  readonly resume: number;
  readonly images: readonly Image[];
  readonly differences: readonly Difference[];
}
export interface ImagePanel {
  readonly rows: readonly ImageRow[];
  /** The number of rows beyond the limit. */
  readonly more: number;
}

/** The rows of one scenario, by resume and then by sample. */
export async function imagePanel(
  cache: ImageCache,
  traces: readonly Trace[],
  resumeAt: readonly number[],
  maxRows = IMAGE_LIMITS.rows,
): Promise<ImagePanel> {
  const names = [...new Set(traces.flatMap((trace) => trace.samples.map((sample) => sample.name)))];
  const wanted = resumeAt.flatMap((_, index) => names.map((name) => ({ name, resume: index + 1 })));
  const rows: ImageRow[] = [];
  for (const { name, resume } of wanted.slice(0, maxRows)) {
    rows.push(await imageRow(cache, traces, resumeAt, name, resume));
  }
  return { rows, more: wanted.length - rows.length };
}

async function imageRow(
  cache: ImageCache,
  traces: readonly Trace[],
  resumeAt: readonly number[],
  name: string,
  resume: number,
): Promise<ImageRow> {
  const control = traces.find((trace) => trace.run?.role === 'control');
  const saver = segment(traces, resume - 1);
  const resumer = segment(traces, resume);
  const savedAt = resumeAt[resume - 1];
  const nextAt = resumeAt[resume];
  const last = nextAt === undefined ? 'end' : 'save';

  const load = (trace: Trace | undefined, at: SampleRecord['at'], when?: number) =>
    cache.load(
      trace,
      trace?.samples.findLast(
        (s) => s.name === name && s.at === at && (when === undefined || s.step === when),
      ),
    );
  const controlThen = await load(control, 'pass', savedAt);
  const saved = await load(saver, 'save', savedAt);
  const restored = await load(resumer, 'resume', savedAt);
  const trained = await load(resumer, last, nextAt);
  const controlLater = await load(control, nextAt === undefined ? 'end' : 'pass', nextAt);

  const moved = `in the control, over the same steps: ${cache.compare(controlThen, controlLater).text}`;
  const until = nextAt === undefined ? 'end' : `step ${nextAt}`;
  const questions = {
    changed: { text: 'Did it change?', identical: 'No', differing: 'Yes' },
    same: { text: 'Is it the same?', identical: 'Yes', differing: 'No' },
  };
  return {
    name: visible(name, 200),
    resume,
    images: [
      await cache.show(`control, step ${savedAt}`, controlThen),
      await cache.show(`saved, step ${savedAt}`, saved),
      await cache.show('resumed, before any step', same(cache, restored, saved)),
      await cache.show(`resumed and trained, ${until}`, trained),
      await cache.show(`control, ${until}`, controlLater),
    ],
    differences: [
      await difference(cache, questions.changed, 'saved against resumed and trained', saved, trained, moved),
      await difference(cache, questions.same, 'resumed and trained against control', trained, controlLater),
    ],
  };
}

function segment(traces: readonly Trace[], n: number): Trace | undefined {
  const role = n === 0 ? 'before' : 'after';
  return traces.find((trace) => trace.run?.role === role && trace.run.segment === n);
}

/** Notes on the resumed image whether it equals the saved one. */
function same(cache: ImageCache, restored: Loaded, saved: Loaded): Loaded {
  if (restored.pixels === undefined || saved.pixels === undefined) return restored;
  const note = `against saved: ${cache.compare(saved, restored).text}`;
  return { pixels: restored.pixels, note: restored.note === undefined ? note : `${restored.note}; ${note}` };
}

async function difference(
  cache: ImageCache,
  question: { text: string; identical: string; differing: string },
  label: string,
  a: Loaded,
  b: Loaded,
  note?: string,
): Promise<Difference> {
  const { identical, text, image } = cache.compare(a, b);
  const shown = await cache.show(label, image === undefined ? { note: undefined } : { pixels: image });
  const notes = [shown.note, note].filter((one) => one !== undefined);
  const answer = identical === undefined ? '' : `${identical ? question.identical : question.differing}: `;
  return {
    ...shown,
    question: question.text,
    identical,
    result: answer + text,
    note: notes.join('; ') || undefined,
  };
}

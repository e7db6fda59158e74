/** The samples of a scenario as data: for each sample and resume, what it shows over time, and the differences. */
import { dirname, join } from 'node:path';
import { endOf, type History, type ResumingProcess, resumesIn } from '../../trace/history.ts';
import type { SampleOf, SampleRecord, Trace } from '../../trace/schema.ts';
import { visible } from '../text.ts';
import {
  type Change,
  IMAGE_LIMITS,
  type Image,
  type ImageCache,
  type Loaded,
  openImageCache,
} from './image-cache.ts';
import {
  compareRecordings,
  openRecordings,
  type Recorded,
  type Recording,
  type Recordings,
  sizeOf,
} from './recordings.ts';

/** What two samples tell about a resume. */
export interface Difference {
  readonly question: string;
  /** The two that are compared. */
  readonly label: string;
  readonly identical: boolean | undefined;
  readonly result: string;
  readonly note: string | undefined;
}
/** Audio or a text; neither if there is none, and `note` says why. */
export interface Played {
  readonly label: string;
  /** A data URI. */
  readonly audio: string | undefined;
  readonly text: string | undefined;
  /** Its length and the beginning of its digest. */
  readonly about: string | undefined;
  readonly note: string | undefined;
}
interface Row {
  readonly name: string;
  readonly resume: number;
  readonly differences: readonly Difference[];
}
export interface ImageRow extends Row {
  readonly images: readonly Image[];
}
export interface RecordingRow extends Row {
  readonly recordings: readonly Played[];
}
export type SampleRow = ImageRow | RecordingRow;
export interface SamplePanel {
  readonly rows: readonly SampleRow[];
  /** The number of rows beyond the limit. */
  readonly more: number;
}

/** A sample of the scenario's baseline, which the control drew differently at its end. */
export interface BaselineSample {
  readonly name: string;
  /** In the folder of the report. */
  readonly file: string;
  /** Whether a difference is more than noise. */
  readonly comparable: boolean;
}

/** The files of one report folder. */
export interface SampleFiles {
  readonly root: string;
  readonly images: ImageCache;
  readonly recordings: Recordings;
}

export const openSampleFiles = (root: string): SampleFiles => ({
  root,
  images: openImageCache(root),
  recordings: openRecordings(root),
});

/** The rows of one scenario, by resume and then by sample. */
export async function samplePanel(
  files: SampleFiles,
  traces: readonly Trace[],
  history: History,
  baseline: readonly BaselineSample[] = [],
  maxRows = IMAGE_LIMITS.rows,
): Promise<SamplePanel> {
  const types = new Map(
    traces.flatMap(({ samples }) => samples.map(({ name, type }) => [`${type} ${name}`, { name, type }])),
  );
  const wanted = resumesIn(history).flatMap((process, index) =>
    [...types.values()].map(({ name, type }) => ({ name, type, process, resume: index + 1 })),
  );
  const rows: SampleRow[] = [];
  for (const { name, type, process, resume } of wanted.slice(0, maxRows)) {
    const points = pointsOf(traces, process, endOf(history));
    // A baseline is of the end of the control.
    const before = process.until === endOf(history) ? baseline.find((own) => own.name === name) : undefined;
    const own = before && { ...before, file: join(files.root, before.file) };
    rows.push(
      type === 'image'
        ? await imageRow(files.images, points, name, resume, own)
        : await recordingRow(files, points, name, type, resume, own),
    );
  }
  return { rows, more: wanted.length - rows.length };
}

/** Where one sample was taken around a resume. */
interface Point {
  readonly label: string;
  readonly trace: Trace | undefined;
  readonly at: readonly SampleRecord['at'][];
  readonly step: number;
}
const POINTS = ['controlThen', 'saved', 'restored', 'trained', 'controlLater'] as const;
type Points = Record<(typeof POINTS)[number], Point>;

function pointsOf(traces: readonly Trace[], { id, from, until: to }: ResumingProcess, end: number): Points {
  const control = traces.find(({ run }) => run?.role === 'control');
  const byId = (id: string) =>
    traces.find(({ run }) => run?.id === id && (run.role === 'before' || run.role === 'after'));
  const [saver, resumer] = [byId(from.process), byId(id)];
  const until = to === end ? 'end' : `step ${to}`;
  const at = from.step;
  return {
    controlThen: { label: `control, step ${at}`, trace: control, at: ['pass'], step: at },
    saved: { label: `saved, step ${at}`, trace: saver, at: ['save'], step: at },
    restored: { label: 'resumed, before any step', trace: resumer, at: ['resume'], step: at },
    trained: { label: `resumed and trained, ${until}`, trace: resumer, at: ['save', 'end'], step: to },
    controlLater: { label: `control, ${until}`, trace: control, at: ['pass', 'end'], step: to },
  };
}

/** The file of a sample, with what the trace says of it. */
function fileAt<Type extends SampleRecord['type']>(
  { trace, at, step }: Point,
  name: string,
  type: Type,
): { readonly file: string; readonly type: Type; readonly sample: SampleOf<Type> } | undefined {
  const sample = trace?.samples.findLast(
    (sample): sample is SampleOf<Type> =>
      sample.name === name && sample.type === type && sample.step === step && at.includes(sample.at),
  );
  return sample && { file: join(dirname(trace!.file), sample.file), type, sample };
}

const QUESTIONS = {
  changed: { text: 'Did it change?', identical: 'No', differing: 'Yes' },
  same: { text: 'Is it the same?', identical: 'Yes', differing: 'No' },
  training: { text: 'Did the training itself change?', identical: 'No', differing: 'Yes' },
};
const CHANGED = 'saved against resumed and trained';
const SAME = 'resumed and trained against control';
const SINCE = 'control against baseline';
const BASELINE = 'baseline, end of the control';
const movedIn = (change: Change): string => `in the control, over the same steps: ${change.text}`;

async function imageRow(
  cache: ImageCache,
  points: Points,
  name: string,
  resume: number,
  baseline: BaselineSample | undefined,
): Promise<ImageRow> {
  const load = (point: Point) => cache.load(fileAt(point, name, 'image'));
  const before = baseline === undefined ? undefined : await cache.load({ file: baseline.file });
  const controlThen = await load(points.controlThen);
  const saved = await load(points.saved);
  const restored = await load(points.restored);
  const trained = await load(points.trained);
  const controlLater = await load(points.controlLater);
  const moved = movedIn(cache.compare(controlThen, controlLater));
  return {
    name: visible(name, 200),
    resume,
    images: [
      await cache.show(points.controlThen.label, controlThen),
      await cache.show(points.saved.label, saved),
      await cache.show(points.restored.label, same(cache, restored, saved)),
      await cache.show(points.trained.label, trained),
      await cache.show(points.controlLater.label, controlLater),
      ...(before === undefined ? [] : [await cache.show(BASELINE, before)]),
    ],
    differences: [
      difference(QUESTIONS.changed, CHANGED, cache.compare(saved, trained), moved),
      difference(QUESTIONS.same, SAME, cache.compare(trained, controlLater)),
      ...(before === undefined ? [] : sinceBaseline(baseline!, cache.compare(before, controlLater))),
    ],
  };
}

async function recordingRow(
  { recordings }: SampleFiles,
  points: Points,
  name: string,
  type: Recording['type'],
  resume: number,
  baseline: BaselineSample | undefined,
): Promise<RecordingRow> {
  const loaded = {} as Record<keyof Points, Recorded>;
  for (const key of POINTS) {
    loaded[key] = await recordings.load(fileAt(points[key], name, type));
  }
  const before = baseline === undefined ? [] : [await recordings.load({ file: baseline.file, type })];
  const { controlThen, saved, restored, trained, controlLater } = loaded;
  const moved = movedIn(compareRecordings(controlThen, controlLater));
  const against = `against saved: ${compareRecordings(saved, restored).text}`;
  return {
    name: visible(name, 200),
    resume,
    recordings: [
      ...POINTS.map((key): Played => {
        const { sample, src, text, note } = loaded[key];
        const notes = [note, key === 'restored' && sample !== undefined ? against : undefined];
        return {
          label: points[key].label,
          audio: src,
          text,
          about: sample && `${sizeOf(sample)}, digest ${sample.digest.slice(0, 12)}…`,
          note: joined(notes),
        };
      }),
      ...before.map(
        ({ src, text, note }): Played => ({ label: BASELINE, audio: src, text, about: undefined, note }),
      ),
    ],
    differences: [
      difference(QUESTIONS.changed, CHANGED, compareRecordings(saved, trained), moved),
      difference(QUESTIONS.same, SAME, compareRecordings(trained, controlLater)),
      // It is here because the control's digest is another one.
      ...before.flatMap(() => sinceBaseline(baseline!, { identical: false, text: 'different digests' })),
    ],
  };
}

/** Where equal programs give other bits, a difference answers nothing. */
const sinceBaseline = ({ comparable }: BaselineSample, change: Change): Difference[] =>
  comparable ? [difference(QUESTIONS.training, SINCE, change)] : [];

const joined = (notes: readonly (string | undefined)[]): string | undefined =>
  notes.filter((note) => note !== undefined).join('; ') || undefined;

/** Notes on the resumed image whether it equals the saved one. */
function same(cache: ImageCache, restored: Loaded, saved: Loaded): Loaded {
  if (restored.pixels === undefined || saved.pixels === undefined) return restored;
  const note = `against saved: ${cache.compare(saved, restored).text}`;
  return { pixels: restored.pixels, note: restored.note === undefined ? note : `${restored.note}; ${note}` };
}

function difference(
  question: { text: string; identical: string; differing: string },
  label: string,
  { identical, text }: Change,
  note?: string,
): Difference {
  const answer = identical === undefined ? '' : `${identical ? question.identical : question.differing}: `;
  return { label, question: question.text, identical, result: answer + text, note };
}

/** Hand-made traces and verdicts for the report's tests, with real PNG files. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import {
  type Finding,
  type Gate,
  type NoiseRecord,
  VERDICT_FORMAT,
  type Verdict,
} from '../../judge/verdict.ts';
import { encodeWav, littleEndian } from '../../probe/wav.ts';
import type { BackendRecord, Role, SampleRecord, Trace, TracedStep } from '../../trace/schema.ts';

export const backend: BackendRecord = {
  requested: 'webgpu',
  name: 'webgpu',
  adapter: 'google swiftshader',
  driver: 'vulkan',
  hardware: false,
  deterministic: true,
  versions: {},
};

export function finding(over: Partial<Finding> = {}): Finding {
  return {
    rule: 'silent-no-op',
    proof: 'alive',
    refutes: true,
    sentence: 'After resume 1 no parameter moved: the update norm is 0 at every step.',
    subjects: ['block.0.attention.query', 'block.0.attention.key', 'block.1.mlp.up'],
    subjectCount: 3,
    ranks: [],
    total: 12,
    resume: 1,
    step: 16,
    expected: 'an update norm of 0.0142 (the control at step 16)',
    seen: 'an update norm of 0',
    likelyCause:
      'the gradient hooks hold the parameter group from before the restore, and its learning rate is 0',
    fix: 'register the hooks after everything is restored',
    ...over,
  };
}

export function noise(over: Partial<NoiseRecord> = {}): NoiseRecord {
  return {
    text: 'equality to the bit: the backend is deterministic',
    exact: true,
    controls: 1,
    falseAlarm: 0,
    comparisons: 0,
    quantities: [],
    ...over,
  };
}

export function verdict(over: Partial<Verdict> = {}): Verdict {
  return {
    scenario: 'adam-dit',
    about: 'A tiny diffusion transformer, Adam, one resume.',
    outcome: 'proven',
    proofs: { restored: 'proven', alive: 'proven', faithful: 'proven' },
    cause: null,
    headline: 'Resumed training is indistinguishable from uninterrupted training.',
    caveats: [],
    deviations: [],
    findings: [],
    expect: 'proven',
    asExpected: true,
    mismatch: null,
    plan: { steps: 30, resumeAt: [15] },
    history: null,
    cut: null,
    backend,
    compared: { processes: 3, steps: 4, tensors: 20, samples: 4, generators: 4, counters: 6 },
    noise: noise(),
    seconds: 12.4,
    runs: [],
    replay: 'npx resumeproof run scenarios/adam-dit.ts --seed 7',
    ...over,
  };
}

export function gate(verdicts: Verdict[], over: Partial<Gate> = {}): Gate {
  const passed = verdicts.every((one) => one.asExpected);
  const startedAt = '2026-03-01T10:00:00.000Z';
  return {
    format: VERDICT_FORMAT,
    startedAt,
    seconds: 61.2,
    origin: { commit: null, branch: null, job: null, url: null },
    backend: 'webgpu',
    passed,
    problem: null,
    baselines: [],
    verdicts,
    ...over,
  };
}

interface TraceOptions {
  readonly role: Role;
  readonly segment?: number;
  /** First and last step, both included. */
  readonly steps: readonly [number, number];
  readonly parameters?: number;
  readonly samples?: readonly (Pick<SampleRecord, 'at' | 'step' | 'name'> & { readonly image: number })[];
  /** Audio if the contents are bytes, a text if they are not. */
  readonly recordings?: readonly (Pick<SampleRecord, 'at' | 'step' | 'name'> & {
    readonly contents: Buffer | string;
  })[];
  readonly plan?: { steps: number; resumeAt: number[] };
  readonly frozen?: boolean;
  readonly over?: Partial<Trace>;
}

/** A trace as read from `folder`, with its images on disk: 16×16 noise seeded by `image`. */
export async function trace(folder: string, options: TraceOptions): Promise<Trace> {
  const { role, segment = 0, steps, parameters = 4, samples = [], frozen = false } = options;
  const id = segment > 0 ? `${role}-${segment}` : role;
  const file = join(folder, id, 'trace.jsonl');
  await mkdir(join(dirname(file), 'samples'), { recursive: true });
  await writeFile(file, '');
  const records: SampleRecord[] = [];
  for (const [index, { at, step, name, image }] of samples.entries()) {
    const sample = `samples/${index}-${at}.png`;
    await writeFile(join(dirname(file), sample), await png(16, 16, image));
    records.push({
      kind: 'sample',
      type: 'image',
      at,
      step,
      name,
      file: sample,
      digest: '0'.repeat(64),
      width: 16,
      height: 16,
    });
  }
  for (const [index, { contents, ...place }] of (options.recordings ?? []).entries()) {
    const played = typeof contents !== 'string';
    const sample = `samples/recording-${index}-${place.at}.${played ? 'wav' : 'txt'}`;
    await writeFile(join(dirname(file), sample), contents);
    const digest = createHash('sha256').update(contents).digest('hex');
    records.push({
      kind: 'sample',
      ...place,
      file: sample,
      digest,
      ...(played
        ? { type: 'audio', sampleRate: 8000, channels: 1, seconds: 0.25 }
        : { type: 'text', characters: [...contents].length }),
    } as SampleRecord);
  }
  const plan = options.plan ?? { steps: 30, resumeAt: [15] };
  const run = { pid: 1, runtime: 'Node v22', platform: 'linux' };
  return {
    file,
    run: {
      kind: 'run',
      format: 2,
      scenario: 's',
      role,
      id,
      horizon: plan.steps,
      until: steps[1],
      stepIs: 'micro-batch',
      seed: 7,
      lacks: [],
      backend,
      process: run,
    },
    states: [],
    steps: Array.from({ length: steps[1] - steps[0] + 1 }, (_, i) =>
      tracedStep(steps[0] + i, parameters, frozen),
    ),
    samples: records,
    resumed:
      role === 'after'
        ? {
            kind: 'resumed',
            step: steps[0] - 1,
            from: { process: segment > 1 ? `after-${segment - 1}` : 'before', checkpoint: 'kept' },
          }
        : undefined,
    saved: [],
    checkpoints: [],
    failure: undefined,
    end: undefined,
    process: { kind: 'process', outcome: 'exited', exitCode: 0, signal: null, seconds: 3.2, stderr: [] },
    defect: undefined,
    ...options.over,
  };
}

type Lists = Pick<TracedStep, 'names' | 'groups'>;
const LISTS = new Map<number, Lists>();

/** The same lists for all steps, as a trace that was read has. */
function listsOf(parameters: number): Lists {
  const lists = LISTS.get(parameters) ?? {
    names: Array.from({ length: parameters }, (_, i) => `p${i}`),
    groups: Array(parameters).fill('main'),
  };
  LISTS.set(parameters, lists);
  return lists;
}

function tracedStep(step: number, parameters: number, frozen: boolean): TracedStep {
  // As long as their contents, as those of a trace that was read.
  const column = <T>(of: (i: number) => T) => Array.from({ length: parameters }, (_, i) => of(i));
  const learningRate = 0.01 * Math.min(1, step / 5);
  const update = frozen ? 0 : learningRate * Math.exp(-step / 4);
  const loss = frozen ? 0.35 : 1.2 * Math.exp(-step / 9) + 0.12 + 0.04 * Math.sin(step * 2.3);
  return {
    kind: 'step',
    step,
    seconds: 0.02,
    claimed: { step, loss, learningRates: { main: learningRate }, batch: [], applied: true },
    l2: column((i) => 3 + i / 10 + (frozen ? 0.15 : step / 100)),
    updateL2: column((i) => update * (1 + i / 10)),
    changed: column(() => !frozen),
    gradientL2: column(() => 0.4),
    hookCalls: column(() => 1),
    updates: column(() => 1),
    learningRates: column(() => (frozen ? 0 : learningRate)),
    strayHookCalls: 0,
    strayUpdates: 0,
    ...listsOf(parameters),
  };
}

/** A PNG of soft noise; equal seeds give equal pixels. */
export async function png(width: number, height: number, seed: number): Promise<Buffer> {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 1) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] =
      128 + 90 * Math.sin(x / 3 + seed + (i % 3)) * Math.cos(y / 3 - seed / 2) + ((i * 7 + seed * 31) % 37);
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A quarter of a second of a tone as a WAV file; equal pitches give equal bytes. */
export function wav(pitch: number): Buffer {
  const samples = Int16Array.from({ length: 2000 }, (_, at) => 9000 * Math.sin(at / pitch));
  return encodeWav(littleEndian(samples), 8000, 1);
}

/** Control, before and after of one scenario with images, as after a healthy or a frozen resume. */
export async function traceSet(
  root: string,
  scenario: string,
  options: {
    frozen?: boolean;
    samples?: readonly string[];
    parameters?: number;
    seed?: number;
    /** Adds a text that begins with this, and a tone. */
    story?: string;
    /** With one resume. */
    plan?: { steps: number; resumeAt: number[] };
  } = {},
): Promise<Trace[]> {
  const { frozen = false, samples = ['cat', 'boat'], parameters = 4, seed = 1, story } = options;
  const plan = options.plan ?? { steps: 30, resumeAt: [15] };
  const [end, resumeAt] = [plan.steps, plan.resumeAt[0]!];
  const folder = join(root, scenario);
  const shots = (at: SampleRecord['at'], step: number, shift: number) =>
    samples.map((name, i) => ({ at, step, name, image: seed + i * 10 + shift }));
  const recordings = (at: SampleRecord['at'], step: number, shift: number) =>
    story === undefined
      ? []
      : [
          { at, step, name: 'story', contents: `${story} ${shift}` },
          { at, step, name: 'tone', contents: wav(3 + shift) },
        ];
  return [
    await trace(folder, {
      role: 'control',
      plan,
      steps: [1, end],
      parameters,
      samples: [...shots('pass', resumeAt, 0), ...shots('end', end, 1)],
      recordings: [...recordings('pass', resumeAt, 0), ...recordings('end', end, 1)],
    }),
    await trace(folder, {
      role: 'before',
      plan,
      steps: [1, resumeAt],
      parameters,
      samples: shots('save', resumeAt, 0),
      recordings: recordings('save', resumeAt, 0),
    }),
    await trace(folder, {
      role: 'after',
      segment: 1,
      plan,
      steps: [resumeAt + 1, end],
      parameters,
      frozen,
      samples: [...shots('resume', resumeAt, 0), ...shots('end', end, frozen ? 0 : 1)],
      recordings: [...recordings('resume', resumeAt, 0), ...recordings('end', end, frozen ? 0 : 1)],
    }),
  ];
}

/** The `runs` of a verdict for these traces of `root`. */
export function runsOf(root: string, traces: readonly Trace[]): Verdict['runs'] {
  return traces.map(({ file, run }) => ({
    id: run?.id ?? 'control',
    role: run?.role ?? 'control',
    trace: file.slice(root.length + 1),
    seconds: 3.2,
  }));
}

/** Traces of a healthy scenario as plain data, for tests of the rules to spoil. */
import { createHash } from 'node:crypto';
import { coveredBy } from '../../trace/deviations.ts';
import type {
  BackendRecord,
  Deviation,
  Plan,
  Role,
  SampleRecord,
  StateRecord,
  TensorRecord,
  Trace,
  TracedStep,
} from '../../trace/schema.ts';

/** The traces without their readonly types, so that a test can spoil one. */
type Mutable<T> = T extends (infer Item)[] | readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;
export type Draft = Mutable<Trace>;

export const PLAN: Plan = { steps: 8, resumeAt: [4] };
const NAMES = ['a', 'b', 'c', 'frozen'];
const GROUPS = ['first', 'first', 'second', null];
const BACKEND: BackendRecord = {
  requested: 'wasm',
  name: 'wasm',
  adapter: 'CPU',
  driver: null,
  hardware: false,
  deterministic: true,
  versions: {},
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const trained = (name: string): boolean => name !== 'frozen';
const learningRate = (group: string | null, step: number): number => (group === 'first' ? 0.1 : 0.2) / step;

/** @param updateEvery micro-batches per update; the steps in between move nothing */
function tracedStep(step: number, updateEvery: number): TracedStep {
  const column = <T>(of: (name: string, at: number) => T): T[] => NAMES.map(of);
  const applied = step % updateEvery === 0;
  const written = (name: string): boolean => applied && trained(name);
  const updated = lastUpdate(step, updateEvery);
  return {
    kind: 'step',
    step,
    seconds: 0.01,
    claimed: {
      step,
      loss: 1 / step,
      learningRates: { first: learningRate('first', step), second: learningRate('second', step) },
      batch: [`image ${step}`],
      applied,
    },
    l2: column((name) => parameterL2(name, updated)),
    updateL2: column((name, at) => (written(name) ? (at + 1) / step : 0)),
    changed: column(written),
    gradientL2: column((name, at) => (trained(name) ? (at + 2) / step : null)),
    // Clipped to half the gradient.
    appliedGradientL2: column((name, at) => (written(name) ? (at + 2) / step / 2 : null)),
    hookCalls: column((name) => Number(trained(name))),
    updates: column((name) => Number(written(name))),
    learningRates: column((name, at) => (written(name) ? learningRate(GROUPS[at]!, step) : null)),
    strayHookCalls: 0,
    strayUpdates: 0,
    strayGradients: 0,
    ...countsAfter(step),
    observed: NAMES.filter(trained).map((name) => ({ kind: 'ema', name, l2: 1 + step, sketch: sums(step) })),
    names: NAMES,
    groups: GROUPS,
  };
}

const lastUpdate = (step: number, updateEvery: number): number => step - (step % updateEvery);
const parameterL2 = (name: string, updated: number): number =>
  10 + NAMES.indexOf(name) + (trained(name) ? updated / 16 : 0);

function state(at: StateRecord['at'], step: number, updateEvery: number): StateRecord {
  const tensor = (
    kind: TensorRecord['kind'],
    name: string,
    parameter: string,
    moves: boolean,
    after = step,
  ): TensorRecord => ({
    kind,
    name,
    parameter,
    shape: [2, 3],
    dtype: 'float32',
    storage: 0,
    digest: sha256(`${kind} ${name} ${moves ? after : 0}`),
    bits: 24,
    l2: kind === 'parameter' ? parameterL2(name, after) : 1 + (moves ? after : 0),
    unordered: sha256(`unordered ${kind} ${name} ${moves ? after : 0}`).slice(0, 16),
    sketch: sums(moves ? after : 0),
  });
  const tensors = [
    ...NAMES.map((name, index): TensorRecord => {
      const group = GROUPS[index];
      return {
        ...tensor('parameter', name, name, trained(name), lastUpdate(step, updateEvery)),
        trainable: trained(name),
        ...(group === null || group === undefined ? {} : { group }),
      };
    }),
    ...NAMES.filter(trained).flatMap((name) => [
      tensor('slot', `${name}.exp_avg`, name, true),
      tensor('slot', `${name}.exp_avg_sq`, name, true),
      tensor('ema', name, name, true),
      tensor('gradient', name, name, true),
    ]),
    tensor('buffer', 'running_mean', '', true),
  ].map((one, storage) => ({ ...one, storage }));
  return {
    kind: 'state',
    at,
    step,
    tensors,
    ...countsAfter(step),
  };
}

const countsAfter = (step: number) => ({
  random: { noise: sha256(`noise ${step}`), dropout: sha256(`dropout ${step}`) },
  counters: { step, epoch: Math.floor(step / 3), lossScale: 1024 },
});
const sums = (moved: number): number[] => [1, -2, 3, -4].map((sum) => sum * (1 + moved));

/** The state of a healthy run after a step. */
export const stateAfter = (step: number): StateRecord => state('pass', step, 1);

/** The same state after deviations. `lossScale` does not change, so its deviation has no effect. */
function deviated(record: StateRecord, deviates: readonly Deviation[]): StateRecord {
  const does = (kind: TensorRecord['kind'] | 'counter' | 'random', name: string): boolean =>
    coveredBy(deviates, { kind, name }) !== undefined;
  const values = <T>(kind: 'counter' | 'random', of: Record<string, T>, value: (name: string) => T) =>
    Object.fromEntries(
      Object.entries(of).map(([name, own]) => [name, does(kind, name) ? value(name) : own] as const),
    );
  return {
    ...record,
    tensors: record.tensors.map((tensor) =>
      does(tensor.kind, tensor.name)
        ? { ...tensor, digest: sha256(`deviated ${tensor.digest}`), bits: 8 }
        : tensor,
    ),
    counters: values('counter', record.counters, (name) => (name === 'lossScale' ? 1024 : 0)),
    random: values('random', record.random, (name) => sha256(`deviated ${name}`)),
  };
}

function sample(at: SampleRecord['at'], step: number): SampleRecord[] {
  const drawn = (name: string) => ({
    kind: 'sample' as const,
    at,
    step,
    name,
    digest: sha256(`${name} ${step}`),
  });
  const file = `samples/${at}-${step}`;
  const sums = { l2: 2000 + step, sketch: [10, -20, 30, -40].map((sum) => sum * step) };
  return [
    ...['cat', 'boat'].map((name, index) => ({
      ...drawn(name),
      type: 'image' as const,
      file: `${file}-${index}.png`,
      width: 16,
      height: 16,
      ...sums,
    })),
    {
      ...drawn('meow'),
      type: 'audio',
      file: `${file}-2.wav`,
      sampleRate: 8000,
      channels: 1,
      seconds: 0.5,
      ...sums,
    },
    { ...drawn('poem'), type: 'text', file: `${file}-3.txt`, characters: 24 },
  ];
}

function trace(
  role: Role,
  segment: number,
  first: number,
  last: number,
  plan: Plan,
  backend: BackendRecord,
  deviates: readonly Deviation[],
  updateEvery: number,
): Draft {
  const control = role === 'control' || role === 'twin';
  const passes = control ? plan.resumeAt.filter((step) => step <= last) : [];
  const declared = deviates.length > 0;
  const id = segment === 0 || role === 'cold' ? role : `${role}-${segment}`;
  const source = role === 'after' && segment > 1 ? `after-${segment - 1}` : 'before';
  const saves = (role === 'before' || role === 'after') && last > first && plan.resumeAt.includes(last);
  const end = saves ? 'save' : 'end';
  const begin = first === 0 ? 'start' : 'resume';
  const steps = Array.from({ length: last - first }, (_, index) =>
    tracedStep(first + index + 1, updateEvery),
  );
  return structuredClone<Trace>({
    file: `/run/${id}/trace.jsonl`,
    run: {
      kind: 'run',
      format: 2,
      scenario: 'tested',
      role,
      id,
      horizon: plan.steps,
      until: last,
      stepIs: 'micro-batch',
      seed: 0,
      lacks: [],
      ...(deviates.length === 0 ? {} : { deviates: [...deviates] }),
      backend,
      process: { pid: 1, runtime: 'Node v22', platform: 'linux' },
    },
    states: [
      first === 0 ? state(begin, first, updateEvery) : deviated(state(begin, first, updateEvery), deviates),
      ...passes.flatMap((step) => [
        state('pass', step, updateEvery),
        ...(declared ? [deviated(state('deviated', step, updateEvery), deviates)] : []),
      ]),
      state(end, last, updateEvery),
    ],
    steps,
    samples: [
      ...(first === 0 ? [] : sample('resume', first)),
      ...passes.flatMap((step) => [...sample('pass', step), ...(declared ? sample('deviated', step) : [])]),
      ...sample(end, last),
    ],
    resumed:
      first === 0
        ? undefined
        : { kind: 'resumed', step: first, from: { process: source, checkpoint: `step-${first}` } },
    saved: saves ? [{ kind: 'saved', step: last, checkpoint: `step-${last}`, seconds: 0, bytes: 1 }] : [],
    failure: undefined,
    end: { kind: 'end', step: last, seconds: { startup: 0, training: 0, probing: 0, sampling: 0 } },
    process: { kind: 'process', outcome: 'exited', exitCode: 0, signal: null, seconds: 1, stderr: [] },
    defect: undefined,
  }) as Draft;
}

export interface Traces {
  readonly control: Draft;
  readonly twins: readonly Draft[];
  readonly before: Draft;
  readonly after: readonly Draft[];
  readonly cold: Draft;
  /** All traces, as `collectEvidence` takes them. */
  readonly all: Draft[];
}

/** A scenario in which all runs are equal, except the cold one, which starts over. */
export function healthyTraces(
  options: {
    plan?: Plan;
    noisy?: boolean;
    controls?: number;
    deviates?: readonly Deviation[];
    updateEvery?: number;
  } = {},
): Traces {
  const { plan = PLAN, noisy = false, controls = noisy ? 4 : 1, deviates = [], updateEvery = 1 } = options;
  const backend = { ...BACKEND, deterministic: !noisy };
  const make = (role: Role, segment: number, first: number, last: number) =>
    trace(role, segment, first, last, plan, backend, deviates, updateEvery);
  const control = make('control', 0, 0, plan.steps);
  const twins = Array.from({ length: controls - 1 }, (_, at) => make('twin', at + 1, 0, plan.steps));
  const before = make('before', 0, 0, plan.resumeAt[0]!);
  const after = plan.resumeAt.map((from, at) =>
    make('after', at + 1, from, plan.resumeAt[at + 1] ?? plan.steps),
  );
  const cold = make('cold', 1, plan.resumeAt[0]!, plan.steps);
  for (const step of cold.steps) {
    step.claimed.loss *= 3;
    step.updateL2 = step.updateL2.map((norm) => norm / 2);
  }
  const all = [control, ...twins, before, ...after, cold];
  return { control, twins, before, after, cold, all };
}

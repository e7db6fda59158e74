/** Traces of a healthy scenario as plain data, for tests of the rules to spoil. */
import { createHash } from 'node:crypto';
import { coveredBy } from '../../trace/deviations.ts';
import { idOf, sourceOf } from '../../trace/plan.ts';
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

/** How a run is made: which rank of how many it is, and how many micro-batches an update takes. */
interface Make {
  readonly rank: number;
  readonly worldSize: number;
  /** The steps in between move nothing. */
  readonly updateEvery: number;
}

/** Whether the optimizer of a rank holds the slots of a parameter and updates it; others get the result. */
const owns = ({ rank, worldSize }: Make, name: string): boolean => NAMES.indexOf(name) % worldSize === rank;

/** Distinguishes what each rank has of its own; rank 0 has what a run of one rank has. */
const ownOf = (rank: number): string => (rank === 0 ? '' : ` of rank ${rank}`);

function tracedStep(step: number, make: Make): TracedStep {
  const { rank, updateEvery } = make;
  const column = <T>(of: (name: string, at: number) => T): T[] => NAMES.map(of);
  const applied = step % updateEvery === 0;
  const written = (name: string): boolean => applied && trained(name);
  const updated = lastUpdate(step, updateEvery);
  const updates = (name: string): boolean => written(name) && owns(make, name);
  return {
    kind: 'step',
    step,
    seconds: 0.01,
    claimed: {
      step,
      loss: 1 / (step + rank),
      learningRates: { first: learningRate('first', step), second: learningRate('second', step) },
      batch: [`image ${step}${ownOf(rank)}`],
      applied,
    },
    l2: column((name) => parameterL2(name, updated)),
    updateL2: column((name, at) => (written(name) ? (at + 1) / step : 0)),
    changed: column(written),
    gradientL2: column((name, at) => (trained(name) ? (at + 2) / step : null)),
    // Clipped to half the gradient.
    appliedGradientL2: column((name, at) => (updates(name) ? (at + 2) / step / 2 : null)),
    hookCalls: column((name) => Number(trained(name))),
    updates: column((name) => Number(updates(name))),
    learningRates: column((name, at) => (updates(name) ? learningRate(GROUPS[at]!, step) : null)),
    strayHookCalls: 0,
    strayUpdates: 0,
    strayGradients: 0,
    ...countsAfter(step, ownOf(rank)),
    observed: NAMES.filter(trained).map((name) => ({ kind: 'ema', name, l2: 1 + step, sketch: sums(step) })),
    names: NAMES,
    groups: GROUPS,
  };
}

const lastUpdate = (step: number, updateEvery: number): number => step - (step % updateEvery);
const parameterL2 = (name: string, updated: number): number =>
  10 + NAMES.indexOf(name) + (trained(name) ? updated / 16 : 0);

function state(at: StateRecord['at'], step: number, make: Make): StateRecord {
  const { rank, updateEvery } = make;
  const own = ownOf(rank);
  const tensor = (
    kind: TensorRecord['kind'],
    name: string,
    parameter: string,
    moves: boolean,
    { after = step, whose = '' } = {},
  ): TensorRecord => ({
    kind,
    name,
    parameter,
    shape: [2, 3],
    dtype: 'float32',
    storage: 0,
    digest: sha256(`${kind} ${name} ${moves ? after : 0}${whose}`),
    bits: 24,
    l2: kind === 'parameter' ? parameterL2(name, after) : 1 + (moves ? after : 0),
    unordered: sha256(`unordered ${kind} ${name} ${moves ? after : 0}${whose}`).slice(0, 16),
    sketch: sums(moves ? after : 0),
  });
  const tensors = [
    ...NAMES.map((name, index): TensorRecord => {
      const group = GROUPS[index];
      return {
        ...tensor('parameter', name, name, trained(name), { after: lastUpdate(step, updateEvery) }),
        trainable: trained(name),
        ...(group === null || group === undefined ? {} : { group }),
      };
    }),
    ...NAMES.filter(trained).flatMap((name) => [
      ...(owns(make, name)
        ? [tensor('slot', `${name}.exp_avg`, name, true), tensor('slot', `${name}.exp_avg_sq`, name, true)]
        : []),
      tensor('ema', name, name, true),
      tensor('gradient', name, name, true, { whose: own }),
    ]),
    tensor('buffer', 'running_mean', '', true, { whose: own }),
  ].map((one, storage) => ({ ...one, storage }));
  return {
    kind: 'state',
    at,
    step,
    tensors,
    ...countsAfter(step, own),
  };
}

const countsAfter = (step: number, own: string) => ({
  random: { noise: sha256(`noise ${step}${own}`), dropout: sha256(`dropout ${step}${own}`) },
  counters: { step, epoch: Math.floor(step / 3), lossScale: 1024 },
});
const sums = (moved: number): number[] => [1, -2, 3, -4].map((sum) => sum * (1 + moved));

const ALONE: Make = { rank: 0, worldSize: 1, updateEvery: 1 };

/** The state of a healthy run after a step. */
export const stateAfter = (step: number): StateRecord => state('pass', step, ALONE);

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
  make: Make,
): Draft {
  const control = role === 'control' || role === 'twin';
  const passes = control ? plan.resumeAt.filter((step) => step <= last) : [];
  const declared = deviates.length > 0;
  const id = idOf(role, segment);
  const source = sourceOf(role, segment);
  const saves = (role === 'before' || role === 'after') && last > first && plan.resumeAt.includes(last);
  const end = saves ? 'save' : 'end';
  const begin = first === 0 ? 'start' : 'resume';
  const steps = Array.from({ length: last - first }, (_, index) => tracedStep(first + index + 1, make));
  return structuredClone<Trace>({
    file: `/run/${make.rank === 0 ? '' : `rank-${make.rank}/`}${id}/trace.jsonl`,
    run: {
      kind: 'run',
      format: 2,
      scenario: 'tested',
      role,
      id,
      horizon: plan.steps,
      until: last,
      stepIs: 'micro-batch',
      ...(make.worldSize === 1 ? {} : { rank: make.rank, worldSize: make.worldSize }),
      seed: 0,
      lacks: [],
      ...(deviates.length === 0 ? {} : { deviates: [...deviates] }),
      backend,
      process: { pid: 1, runtime: 'Node v22', platform: 'linux' },
    },
    states: [
      first === 0 ? state(begin, first, make) : deviated(state(begin, first, make), deviates),
      ...passes.flatMap((step) => [
        state('pass', step, make),
        ...(declared ? [deviated(state('deviated', step, make), deviates)] : []),
      ]),
      state(end, last, make),
    ],
    steps,
    samples: [
      ...(first === 0 ? [] : sample('resume', first)),
      ...passes.flatMap((step) => [...sample('pass', step), ...(declared ? sample('deviated', step) : [])]),
      ...sample(end, last),
    ],
    resumed:
      source === null
        ? undefined
        : { kind: 'resumed', step: first, from: { process: source, checkpoint: `step-${first}` } },
    saved: saves ? [{ kind: 'saved', step: last, checkpoint: `step-${last}`, seconds: 0, bytes: 1 }] : [],
    checkpoints: [],
    failure: undefined,
    end: { kind: 'end', step: last, seconds: { startup: 0, training: 0, probing: 0, sampling: 0 } },
    process: { kind: 'process', outcome: 'exited', exitCode: 0, signal: null, seconds: 1, stderr: [] },
    defect: undefined,
  }) as Draft;
}

/** The traces of one rank. */
export interface RankTraces {
  readonly control: Draft;
  readonly twins: readonly Draft[];
  readonly before: Draft;
  readonly after: readonly Draft[];
  readonly cold: Draft;
}

/** The traces of rank 0, and those of every rank. */
export interface Traces extends RankTraces {
  readonly ranks: readonly RankTraces[];
  /** All traces, as `collectEvidence` takes them. */
  readonly all: Draft[];
}

/**
 * A scenario in which all runs are equal, except the cold one, which starts over. Several ranks hold the same parameters
 * and EMAs, and each its own slots, gradients, buffers, generators and batches.
 */
export function healthyTraces(
  options: {
    plan?: Plan;
    noisy?: boolean;
    controls?: number;
    deviates?: readonly Deviation[];
    updateEvery?: number;
    worldSize?: number;
  } = {},
): Traces {
  const { plan = PLAN, noisy = false, controls = noisy ? 4 : 1, deviates = [] } = options;
  const { updateEvery = 1, worldSize = 1 } = options;
  const backend = { ...BACKEND, deterministic: !noisy };
  const ranks = Array.from({ length: worldSize }, (_, rank): RankTraces => {
    const make = (role: Role, segment: number, first: number, last: number) =>
      trace(role, segment, first, last, plan, backend, deviates, { rank, worldSize, updateEvery });
    const cold = make('cold', 1, plan.resumeAt[0]!, plan.steps);
    for (const step of cold.steps) {
      step.claimed.loss *= 3;
      step.updateL2 = step.updateL2.map((norm) => norm / 2);
    }
    return {
      control: make('control', 0, 0, plan.steps),
      twins: Array.from({ length: controls - 1 }, (_, at) => make('twin', at + 1, 0, plan.steps)),
      before: make('before', 0, 0, plan.resumeAt[0]!),
      after: plan.resumeAt.map((from, at) =>
        make('after', at + 1, from, plan.resumeAt[at + 1] ?? plan.steps),
      ),
      cold,
    };
  });
  const all = ranks.flatMap(({ control, twins, before, after, cold }) => [
    control,
    ...twins,
    before,
    ...after,
    cold,
  ]);
  return { ...ranks[0]!, ranks, all };
}

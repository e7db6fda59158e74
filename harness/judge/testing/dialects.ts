/** The same run as recorders for other frameworks write it: they name slots, steps and groups in other ways. */
import { createHash } from 'node:crypto';
import type { StateRecord, TensorRecord, Trace, TracedStep } from '../../trace/schema.ts';

export interface Dialect {
  readonly name: string;
  /** The traces of one scenario in this dialect; all of them together, because places and indexes are common to them. */
  readonly translate: (traces: readonly Trace[]) => Trace[];
}

const onEachState =
  (change: (state: StateRecord, parameters: readonly TensorRecord[]) => StateRecord) =>
  (traces: readonly Trace[]): Trace[] => {
    const parameters = parametersOf(traces);
    return traces.map((trace) => ({
      ...trace,
      states: trace.states.map((state) => change(state, parameters)),
      steps: withoutOthers(trace.steps),
    }));
  };

/** Few writers record counters and slots after each step, and these would need the names of the dialect. */
const withoutOthers = (steps: Trace['steps']): TracedStep[] =>
  steps.map(({ counters: _, observed: __, ...step }) => step);

/** The parameters as the control starts with them. */
function parametersOf(traces: readonly Trace[]): TensorRecord[] {
  const control = traces.find(({ run }) => run?.role === 'control') ?? traces[0];
  return (control?.states[0]?.tensors ?? []).filter(({ kind }) => kind === 'parameter');
}

const groupNames = (parameters: readonly TensorRecord[]): string[] => [
  ...new Set(parameters.flatMap(({ group }) => group ?? [])),
];

/** The kind of a slot in this repository’s own names: `exp_avg` of `blocks.0.weight.exp_avg`. */
const kindOf = ({ name, parameter }: TensorRecord): string => name.slice((parameter?.length ?? -1) + 1);

type Naming = (slot: TensorRecord, parameters: readonly TensorRecord[]) => string;

const slotsNamed = (naming: Naming, tellsParameter: boolean) =>
  onEachState((state, parameters) => ({
    ...state,
    tensors: state.tensors.map((tensor) => {
      if (tensor.kind !== 'slot') return tensor;
      const { parameter, ...rest } = tensor;
      return { ...rest, ...(tellsParameter ? { parameter } : {}), name: naming(tensor, parameters) };
    }),
  }));

/** torch numbers the parameters that an optimizer was given, group by group. */
function placeInOptimizer(slot: TensorRecord, parameters: readonly TensorRecord[]): number {
  const given = groupNames(parameters).flatMap((own) => parameters.filter(({ group }) => group === own));
  return (given.length > 0 ? given : parameters).findIndex(({ name }) => name === slot.parameter);
}

const byPlace: Naming = (slot, parameters) => `state.${placeInOptimizer(slot, parameters)}.${kindOf(slot)}`;

const byPlaceInOwnOptimizer: Naming = (slot, parameters) => {
  const owner = parameters.find(({ name }) => name === slot.parameter);
  const group = parameters.filter((one) => one.group === owner?.group);
  const at = Math.max(0, groupNames(parameters).indexOf(owner?.group ?? ''));
  return `${at}.${group.findIndex(({ name }) => name === slot.parameter)}.${kindOf(slot)}`;
};

const SHORT: Readonly<Record<string, string>> = { exp_avg: 'm', exp_avg_sq: 'v' };
const byOptimizer: Naming = (slot, parameters) => {
  const at = parameters.findIndex(({ name }) => name === slot.parameter);
  return `adam/${at}/${SHORT[kindOf(slot)] ?? kindOf(slot)}`;
};

const PATH: Readonly<Record<string, string>> = { exp_avg: 'mu', exp_avg_sq: 'nu' };
const byPath: Naming = (slot) =>
  `0/${PATH[kindOf(slot)] ?? kindOf(slot)}/${slot.parameter?.replaceAll('.', '/')}`;

const ownNames: Naming = ({ name }) => name;

const STEP = /^optimizer\.(.+)\.step$/;
const stepTensor = (name: string, value: number): TensorRecord => ({
  kind: 'slot',
  name: `${name}.step`,
  parameter: name,
  shape: [],
  dtype: 'float32',
  storage: 0,
  digest: createHash('sha256').update(`step ${value}`).digest('hex'),
  l2: value,
  sketch: [value, -value, value, -value],
});

/** The step counts of one optimizer or group, by its name. */
const stepsOf = ({ counters }: StateRecord): Map<string, number> =>
  new Map(
    Object.entries(counters).flatMap(([name, value]) => {
      const [, group] = STEP.exec(name) ?? [];
      return group === undefined || typeof value !== 'number' ? [] : [[group, value] as const];
    }),
  );

const eachWithItsStep = onEachState((state) => {
  const steps = stepsOf(state);
  const parameters = state.tensors.filter(({ kind }) => kind === 'parameter');
  const seen = new Set<string>();
  const tensors = parameters.flatMap((parameter) => {
    const { name, group = '', trainable } = parameter;
    if (trainable === false || !steps.has(group)) return [];
    const least = state.counters[`optimizer.${group}.step.least`];
    const value = seen.has(group) || typeof least !== 'number' ? steps.get(group)! : least;
    seen.add(group);
    return value === 0 ? [] : [stepTensor(name, value)];
  });
  const last = Math.max(0, ...state.tensors.map(({ storage }) => storage));
  return {
    ...state,
    tensors: [...state.tensors, ...tensors.map((tensor, at) => ({ ...tensor, storage: last + 1 + at }))],
    counters: Object.fromEntries(
      Object.entries(state.counters).filter(([name]) => !/^optimizer\..+\.step(\.least)?$/.test(name)),
    ),
  };
});

/** torch: a 0-d tensor next to the other slots of each parameter, created by its first update. */
const stepPerParameter: Dialect['translate'] = (traces) =>
  traces.some(({ run }) => run?.lacks.includes('slots')) ? [...traces] : eachWithItsStep(traces);

/** optax: one count for all parameters. */
const oneStep = onEachState((state) => {
  const steps = [...stepsOf(state).values()];
  const rest = Object.entries(state.counters).filter(
    ([name]) => !/^optimizer\..+\.step(\.least)?$/.test(name),
  );
  return {
    ...state,
    counters: Object.fromEntries([
      ...rest,
      ...(steps.length > 0 ? [['optimizer.step', Math.max(...steps)] as const] : []),
    ]),
  };
});

/** An optimizer that counts nothing, as SGD with momentum. */
const noStep = onEachState((state) => ({
  ...state,
  counters: Object.fromEntries(
    Object.entries(state.counters).filter(([name]) => !/^optimizer\..+\.step(\.least)?$/.test(name)),
  ),
}));

/** torch: no slot exists before the first update of its parameter. */
const lazily = onEachState((state) => {
  const steps = stepsOf(state);
  const parameters = state.tensors.filter(({ kind }) => kind === 'parameter');
  const groups = new Map(parameters.map(({ name, group }) => [name, group]));
  const updated = ({ parameter = '' }: TensorRecord): boolean =>
    (steps.get(groups.get(parameter) ?? '') ?? 1) > 0;
  return {
    ...state,
    tensors: state.tensors.filter((tensor) => tensor.kind !== 'slot' || tensor.l2 > 0 || updated(tensor)),
  };
});

function groupsBy(index: (group: string, at: number) => string): Dialect['translate'] {
  return (traces) => {
    const names = new Map(groupNames(parametersOf(traces)).map((group, at) => [group, index(group, at)]));
    const renamed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(
        Object.entries(record).map(([name, value]) => [
          name
            .split('.')
            .map((part) => names.get(part) ?? part)
            .join('.'),
          value,
        ]),
      );
    return traces.map((trace) => ({
      ...trace,
      states: trace.states.map((state) => ({
        ...state,
        counters: renamed(state.counters),
        tensors: state.tensors.map((tensor) =>
          tensor.group === undefined ? tensor : { ...tensor, group: names.get(tensor.group) ?? tensor.group },
        ),
      })),
      steps: withGroups(trace, (groups) => groups.map((group) => names.get(group ?? '') ?? group)).map(
        (step) => ({
          ...step,
          ...(step.counters === undefined ? {} : { counters: renamed(step.counters) }),
          claimed: { ...step.claimed, learningRates: renamed(step.claimed.learningRates) },
        }),
      ),
    }));
  };
}

/** Changes the groups of the columns; steps that share an array still do. */
function withGroups(
  { steps }: Trace,
  change: (groups: readonly (string | null)[]) => readonly (string | null)[],
): Trace['steps'] {
  const changed = new Map<readonly (string | null)[], readonly (string | null)[]>();
  return steps.map((step) => {
    const groups = changed.get(step.groups) ?? change(step.groups);
    changed.set(step.groups, groups);
    return { ...step, groups };
  });
}

const withoutGroups = (
  trace: Trace,
  text: string | undefined,
  points: readonly StateRecord['at'][],
): Trace => ({
  ...trace,
  states: trace.states.map((state) => ({
    ...state,
    tensors: points.includes(state.at)
      ? state.tensors.map(({ group, ...tensor }) => ({
          ...tensor,
          ...(group !== undefined && text !== undefined ? { group: text } : {}),
        }))
      : state.tensors,
  })),
  steps: withGroups(trace, (groups) => groups.map(() => text ?? null)),
});

const EVERYWHERE: readonly StateRecord['at'][] = [
  'start',
  'resume',
  'pass',
  'deviated',
  'changed',
  'save',
  'end',
];

/** No process tells a group; a single one is then logged as `all`. */
const noGroups: Dialect['translate'] = (traces) => {
  const [only, ...others] = groupNames(parametersOf(traces));
  return traces.map((trace) => {
    const own = withoutGroups(trace, undefined, EVERYWHERE);
    if (only === undefined || others.length > 0) return own;
    const steps = own.steps.map((step) => {
      const { [only]: rate, ...rest } = step.claimed.learningRates;
      const learningRates = rate === undefined ? rest : { ...rest, all: rate };
      return { ...step, claimed: { ...step.claimed, learningRates } };
    });
    return { ...own, steps };
  });
};

const noGroupsAfter =
  (text?: string): Dialect['translate'] =>
  (traces) =>
    traces.map((trace) => (trace.run?.role === 'after' ? withoutGroups(trace, text, EVERYWHERE) : trace));

const all =
  (...parts: readonly Dialect['translate'][]): Dialect['translate'] =>
  (traces) =>
    parts.reduce<Trace[]>((some, part) => part(some), [...traces]);

export const DIALECTS: readonly Dialect[] = [
  { name: 'slots by place', translate: slotsNamed(byPlace, false) },
  { name: 'slots by place, with their parameter', translate: slotsNamed(byPlace, true) },
  { name: 'slots by place in their own optimizer', translate: slotsNamed(byPlaceInOwnOptimizer, false) },
  { name: 'slots by optimizer', translate: slotsNamed(byOptimizer, false) },
  { name: 'slots by path', translate: slotsNamed(byPath, false) },
  { name: 'slots without their parameter', translate: slotsNamed(ownNames, false) },
  { name: 'a step per parameter', translate: stepPerParameter },
  { name: 'one step for all parameters', translate: oneStep },
  { name: 'no step', translate: noStep },
  { name: 'slots from the first update on', translate: lazily },
  { name: 'groups by index', translate: groupsBy((_, at) => String(at)) },
  { name: 'no groups', translate: noGroups },
  {
    name: 'torch',
    translate: all(
      lazily,
      stepPerParameter,
      slotsNamed(byPlace, false),
      groupsBy((_, at) => String(at)),
    ),
  },
  {
    name: 'torch, with parameters',
    translate: all(
      lazily,
      stepPerParameter,
      slotsNamed(byPlace, true),
      groupsBy((_, at) => String(at)),
    ),
  },
  { name: 'optax', translate: all(oneStep, slotsNamed(byPath, false), noGroups) },
];

/** Dialects in which only the resumed process tells no groups. */
export const GROUPS_UNTOLD: readonly Dialect[] = [
  { name: 'no groups after the resume', translate: noGroupsAfter() },
  { name: "groups 'none' after the resume", translate: noGroupsAfter('none') },
];

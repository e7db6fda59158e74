/**
 * The last comparison: whatever a process recorded, the control recorded too, and the same. Rules look at what they
 * know, one thing each; this looks at everything that is left.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  SampleOf,
  SampleRecord,
  StateRecord,
  TensorRecord,
  Trace,
  TracedStep,
} from '../../trace/schema.ts';
import { indexOf, sameValues } from '../columns.ts';
import { withoutLoneZeros } from '../comparable.ts';
import type { Evidence } from '../evidence.ts';
import { shown } from '../words.ts';
import type { Said } from './contradiction.ts';

/** How one value of a record is compared with the control's. */
type Comparison =
  /** Equal, where equal runs agree in every bit; there in both, where they do not. */
  | 'measured'
  /** Equal. */
  | 'equal'
  /** Equal, where equal runs agree in every bit; nothing else: noise may change it. */
  | 'exact'
  /** There in both, with any value. */
  | 'told'
  /** Not compared, for the reason given. */
  | { readonly harmless: string };

const time = { harmless: 'how long something took is not what was trained' };
const place = { harmless: 'says where the record was taken, and was used to find the control’s' };

type Fields<Type extends SampleRecord['type']> = Record<keyof SampleOf<Type>, Comparison>;
const drawn = {
  kind: place,
  at: place,
  step: place,
  name: place,
  type: 'equal',
  file: { harmless: 'is for the report; the digest of what it shows is compared' },
  digest: 'exact',
} as const satisfies Record<keyof SampleRecord, Comparison>;

/** Every field of a step, a tensor and each type of sample. The compiler refuses a field that has no place here. */
export const FIELDS = {
  step: {
    kind: place,
    step: place,
    seconds: time,
    claimed: 'equal',
    l2: 'measured',
    updateL2: 'measured',
    changed: 'exact',
    gradientL2: 'measured',
    appliedGradientL2: 'measured',
    hookCalls: 'equal',
    updates: 'equal',
    learningRates: 'measured',
    strayHookCalls: 'equal',
    strayUpdates: 'equal',
    strayGradients: 'equal',
    random: 'equal',
    counters: 'equal',
    observed: 'measured',
    // A mode without effect is no difference, and rules compare what it changes.
    evaluating: 'told',
    names: 'equal',
    groups: 'equal',
  } satisfies Record<keyof TracedStep, Comparison>,
  tensor: {
    kind: place,
    name: place,
    parameter: 'equal',
    shape: 'equal',
    dtype: 'equal',
    trainable: 'equal',
    group: 'equal',
    storage: { harmless: 'is a number of the process’s own; which tensors share one is compared' },
    digest: 'exact',
    unordered: 'exact',
    l2: 'measured',
    bits: 'exact',
    sketch: 'measured',
  } satisfies Record<keyof TensorRecord, Comparison>,
  image: {
    ...drawn,
    width: 'equal',
    height: 'equal',
    l2: 'measured',
    sketch: 'measured',
  } satisfies Fields<'image'>,
  audio: {
    ...drawn,
    sampleRate: 'equal',
    channels: 'equal',
    seconds: 'equal',
    l2: 'measured',
    sketch: 'measured',
  } satisfies Fields<'audio'>,
  text: {
    ...drawn,
    // A text that differs within the noise may be longer.
    characters: 'exact',
  } satisfies Fields<'text'>,
} as const;

/** The first thing that a trace and the control do not both say, in the order of the steps. */
export function untold(
  trace: Trace,
  control: Trace,
  { noise, deviates, plan, history }: Evidence,
): Said | undefined {
  const exact = noise.exact && trace.run?.backend.name === control.run?.backend.name;
  const end = plan.steps;
  const changes = new Set(history.changes?.map(({ at }) => at));
  /** The points of the control that show what the process shows at one of its own. */
  const pointsOf = (at: StateRecord['at'], step: number): readonly StateRecord['at'][] => {
    if (at === 'resume' && changes.has(step)) return ['changed'];
    if (at === 'resume')
      return deviates.length > 0 ? ['deviated'] : step === end ? ['end', 'pass'] : ['pass'];
    if (at !== 'save' && at !== 'end' && at !== 'pass') return [at];
    // What is shown without a step since the resume is shown after what the resume has changed.
    return step === trace.resumed?.step ? pointsOf('resume', step) : ['pass', 'end'];
  };
  const here = <Record extends { readonly at: StateRecord['at']; readonly step: number }>(
    records: readonly Record[],
    at: StateRecord['at'],
    step: number,
  ) => records.filter((one) => one.step === step && pointsOf(at, step).includes(one.at));

  const steps = new Map(control.steps.map((step) => [step.step, step]));
  for (const own of trace.steps) {
    const theirs = steps.get(own.step);
    if (theirs === undefined) continue;
    const apart = stepApart(own, theirs, exact);
    if (apart !== undefined) return { ...apart, what: `${apart.what} in step ${own.step}`, step: own.step };
  }
  for (const own of trace.states) {
    // It is compared with the state before it; a rule reports a difference.
    if (own.at === 'sampled' || own.at === 'saved') continue;
    const [theirs] = here(control.states, own.at, own.step);
    const where = `in the state '${own.at}' of step ${own.step}`;
    // A look that only one of them took shows nothing of the other.
    if (theirs === undefined) continue;
    const apart = stateApart(...withoutLoneZeros(own, theirs), exact);
    if (apart !== undefined) return { ...apart, what: `${apart.what} ${where}`, step: own.step };
  }
  // A saver never samples.
  for (const { at, step } of trace.run?.role === 'saver' ? [] : trace.states) {
    // A look that only one of them took shows nothing of the other.
    if (at === 'start' || here(control.states, at, step).length === 0) continue;
    const own = trace.samples.filter((one) => one.at === at && one.step === step);
    const apart = samplesApart(own, unique(here(control.samples, at, step)), exact);
    if (apart !== undefined) return { ...apart, what: `${apart.what} at '${at}' of step ${step}`, step };
  }
  return undefined;
}

/** A control that ends at a point shows its samples there twice at most: passing it and at its end. */
const unique = (samples: readonly SampleRecord[]): SampleRecord[] => [
  ...new Map(samples.map((sample) => [sample.name, sample])).values(),
];

type Apart = Omit<Said, 'step'>;

const apartIn = (what: string, seen: unknown, expected: unknown): Apart => ({
  what,
  expected: text(expected),
  seen: text(seen),
});

const MOST_TEXT = 200;
function text(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return (JSON.stringify(value) ?? 'none').slice(0, MOST_TEXT);
  return shown(value as string | number | boolean | null | undefined);
}

function fieldApart(comparison: Comparison, own: unknown, theirs: unknown, exact: boolean): boolean {
  if (typeof comparison === 'object' || own === theirs) return false;
  if (comparison === 'told') return (own === undefined) !== (theirs === undefined);
  if (comparison === 'equal' || exact) {
    return Array.isArray(own) && Array.isArray(theirs)
      ? !sameValues(own, theirs) && !isDeepStrictEqual(own, theirs)
      : !isDeepStrictEqual(own, theirs);
  }
  return comparison === 'measured' && !sameForm(own, theirs);
}

/** Numbers where the other has numbers. */
function sameForm(own: unknown, theirs: unknown): boolean {
  if (!Array.isArray(own) || !Array.isArray(theirs)) return (own == null) === (theirs == null);
  return own.length === theirs.length && own.every((value, at) => (value === null) === (theirs[at] === null));
}

const COLUMNS = [
  'names',
  'groups',
  'changed',
  'l2',
  'updateL2',
  'gradientL2',
  'appliedGradientL2',
  'learningRates',
  'hookCalls',
  'updates',
] as const;

/** The step with its columns in the order of the other: a process can list the same parameters in its own order. */
function inOrderOf(theirs: TracedStep, own: TracedStep): TracedStep {
  const places = indexOf(own.names);
  const same = own.names.length === theirs.names.length && theirs.names.every((name) => places.has(name));
  if (!same || sameValues(own.names, theirs.names)) return own;
  const columns = COLUMNS.flatMap((column) => {
    const values: readonly unknown[] | undefined = own[column];
    return values === undefined ? [] : [[column, theirs.names.map((name) => values[places.get(name)!])]];
  });
  return { ...own, ...Object.fromEntries(columns) };
}

function stepApart(unordered: TracedStep, theirs: TracedStep, exact: boolean): Apart | undefined {
  const own = inOrderOf(theirs, unordered);
  for (const [field, comparison] of Object.entries(FIELDS.step)) {
    const [mine, other] = [own[field as keyof TracedStep], theirs[field as keyof TracedStep]];
    if (field === 'claimed') {
      const { loss, ...rest } = own.claimed;
      const { loss: otherLoss, ...otherRest } = theirs.claimed;
      if (!isDeepStrictEqual(rest, otherRest)) return apartIn('claims something else', rest, otherRest);
      if (exact && !Object.is(loss, otherLoss)) return apartIn('claims another loss', loss, otherLoss);
    } else if (fieldApart(comparison, mine, other, exact)) {
      return apartIn(`says something else of ${field}`, mine, other);
    }
  }
  return undefined;
}

function stateApart(own: StateRecord, theirs: StateRecord, exact: boolean): Apart | undefined {
  const keyOf = ({ kind, name }: TensorRecord) => `${kind} '${name}'`;
  const mine = new Map(own.tensors.map((tensor) => [keyOf(tensor), tensor]));
  const other = new Map(theirs.tensors.map((tensor) => [keyOf(tensor), tensor]));
  for (const key of new Set([...mine.keys(), ...other.keys()])) {
    const [one, two] = [mine.get(key), other.get(key)];
    if (one === undefined || two === undefined)
      return apartIn(`${one === undefined ? 'does not show' : 'alone shows'} ${key}`, one?.l2, two?.l2);
    for (const [field, comparison] of Object.entries(FIELDS.tensor)) {
      const [a, b] = [one[field as keyof TensorRecord], two[field as keyof TensorRecord]];
      if (fieldApart(comparison, a, b, exact))
        return apartIn(`says something else of ${field} of ${key}`, a, b);
    }
  }
  const ties = (state: StateRecord): string =>
    [...Map.groupBy(state.tensors, ({ storage }) => storage).values()]
      .filter(({ length }) => length > 1)
      .map((tied) => tied.map(keyOf).sort().join(' = '))
      .sort()
      .join('; ');
  if (ties(own) !== ties(theirs)) return apartIn('ties other tensors', ties(own), ties(theirs));
  for (const part of ['counters', 'random'] as const) {
    for (const name of new Set([...Object.keys(own[part]), ...Object.keys(theirs[part])])) {
      const [a, b] = [own[part], theirs[part]].map((all) =>
        Object.hasOwn(all, name) ? all[name] : undefined,
      );
      const what = part === 'counters' ? 'counter' : 'random generator';
      if (!Object.is(a, b)) return apartIn(`says something else of ${what} '${name}'`, a, b);
    }
  }
  return undefined;
}

function samplesApart(
  own: readonly SampleRecord[],
  theirs: readonly SampleRecord[],
  exact: boolean,
): Apart | undefined {
  const others = new Map(theirs.map((sample) => [sample.name, sample]));
  for (const sample of own) {
    const other = others.get(sample.name);
    if (other === undefined) return apartIn(`alone shows sample '${sample.name}'`, sample.name, undefined);
    others.delete(sample.name);
    const fields: Readonly<Record<string, Comparison>> = FIELDS[sample.type];
    for (const [field, comparison] of Object.entries(fields)) {
      const [a, b] = [sample[field as keyof SampleRecord], other[field as keyof SampleRecord]];
      if (fieldApart(comparison, a, b, exact))
        return apartIn(`says something else of ${field} of sample '${sample.name}'`, a, b);
    }
  }
  const [missing] = others.values();
  return missing && apartIn(`does not show sample '${missing.name}'`, undefined, missing.name);
}

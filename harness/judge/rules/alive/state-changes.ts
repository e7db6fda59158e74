/** What changed between two states of one process with no step between them, where nothing may. */
import type { StateRecord, TensorRecord, Trace } from '../../../trace/schema.ts';
import { entriesThatDiffer } from '../../compare.ts';
import { type Evidence, tensorsOf } from '../../evidence.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found } from '../../rule.ts';
import { insteadOf, listed, ofAll, plural, valuesApart } from '../../words.ts';

/** Why something changed, and how to prevent it. */
export type Why = Pick<Found, 'likelyCause' | 'fix'>;

/** What is said of a change, by what changed. */
export interface Whys extends Readonly<Record<TensorRecord['kind'] | 'random' | 'counters', Why>> {
  /** Said where each parameter that changed has the values of its EMA. */
  readonly averaged?: Why;
}

interface Change extends Why {
  /** What changed, as text: how many of how many. */
  readonly what: string;
  readonly names: readonly string[];
  readonly total: number;
  readonly expected: string;
  readonly seen: string;
}

/** In the order of their weight. */
const KINDS: readonly { readonly kind: TensorRecord['kind']; readonly noun: string }[] = [
  { kind: 'parameter', noun: 'parameter' },
  { kind: 'buffer', noun: 'buffer' },
  { kind: 'slot', noun: 'optimizer slot' },
  { kind: 'gradient', noun: 'accumulated gradient' },
  { kind: 'ema', noun: 'EMA' },
];

const digestOf = (tensor: TensorRecord | undefined): string | undefined => tensor?.digest;

function tensorChange(
  before: StateRecord,
  after: StateRecord,
  own: (typeof KINDS)[number],
  whys: Whys,
): Change | undefined {
  const [old, now] = [tensorsOf(before, own.kind), tensorsOf(after, own.kind)];
  const every = [...new Set([...old.keys(), ...now.keys()])];
  const names = every.filter(
    (name) =>
      digestOf(old.get(name)) !== digestOf(now.get(name)) ||
      old.get(name)?.trainable !== now.get(name)?.trainable,
  );
  const [first] = names;
  if (first === undefined) return undefined;
  const averages = new Map(
    [...tensorsOf(before, 'ema').values()].map((ema) => [ema.parameter ?? ema.name, ema]),
  );
  const swapped =
    own.kind === 'parameter' &&
    names.every((name) => averages.has(name) && digestOf(averages.get(name)) === digestOf(now.get(name)));
  const frozen = names.filter((name) => digestOf(old.get(name)) === digestOf(now.get(name)));
  const how = swapped
    ? plural(names.length, ' has the values of its EMA', ' have the values of their EMAs')
    : frozen.length === names.length
      ? ' changed whether they are trained'
      : ' changed';
  const [seen, expected] = valuesApart(now.get(first)?.l2, old.get(first)?.l2);
  const norm = (tensor: TensorRecord | undefined, text: string): string =>
    tensor === undefined
      ? `no '${first}'`
      : `'${first}': L2 norm ${text}, digest ${tensor.digest.slice(0, 12)}…`;
  return {
    what: `${ofAll(names.length, every.length, own.noun)}${how}`,
    names,
    total: every.length,
    expected: norm(old.get(first), expected),
    seen: norm(now.get(first), seen),
    ...((swapped ? whys.averaged : undefined) ?? whys[own.kind]),
  };
}

function entryChange(
  before: StateRecord,
  after: StateRecord,
  which: 'random' | 'counters',
  whys: Whys,
): Change | undefined {
  const { of, total } = entriesThatDiffer(before[which], after[which]);
  const [first] = of;
  if (first === undefined) return undefined;
  const names = of.map(({ name }) => name);
  const isRandom = which === 'random';
  const noun = isRandom ? 'random generator' : 'counter';
  return {
    what: `${ofAll(of.length, total, noun)} ${isRandom ? 'moved' : 'changed'} (${listed(names)})`,
    names,
    total,
    expected: isRandom ? `'${first.name}' as before` : `'${first.name}' stays ${first.saved}`,
    seen: isRandom ? 'another state' : `'${first.name}' is ${insteadOf(first.resumed, first.saved)}`,
    ...whys[which],
  };
}

/** Everything that differs between two states of one process, with no step between them. */
export function changesBetween(before: StateRecord, after: StateRecord, whys: Whys): Change[] {
  const tensors = KINDS.map((kind) => tensorChange(before, after, kind, whys));
  const entries = (['random', 'counters'] as const).map((which) => entryChange(before, after, which, whys));
  return [...tensors, ...entries].filter((change) => change !== undefined);
}

/**
 * The first change of a process at one of these points.
 * @param act what may not change anything, as the beginning of a sentence
 * @param acted the same as a noun: what was done before the second state
 */
export function changeAt(
  evidence: Evidence,
  trace: Trace,
  at: StateRecord['at'],
  { act, acted, whys }: { readonly act: string; readonly acted: string; readonly whys: Whys },
): Found | undefined {
  for (const [index, after] of trace.states.entries()) {
    const before = trace.states[index - 1];
    if (after.at !== at || before?.step !== after.step) continue;
    const changes = changesBetween(before, after, whys);
    const [first] = changes;
    if (first === undefined) continue;
    const { expected, seen, likelyCause, fix, names, total } = first;
    return {
      sentence: `${act} changes what is trained: after ${acted} of step ${after.step} in the ${nameOf(trace)} process, ${changes.map(({ what }) => what).join(', and ')}.`,
      subjects: [...names],
      total,
      resume: resumeOf(evidence, trace),
      step: after.step,
      expected,
      seen,
      likelyCause,
      fix,
    };
  }
  return undefined;
}

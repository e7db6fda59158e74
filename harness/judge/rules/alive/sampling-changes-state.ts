import type { StateRecord, TensorRecord, Trace } from '../../../trace/schema.ts';
import { entriesThatDiffer } from '../../compare.ts';
import { type Evidence, tensorsOf } from '../../evidence.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';
import { insteadOf, listed, ofAll, plural, valuesApart } from '../../words.ts';

interface Change {
  /** What changed, as text: how many of how many. */
  readonly what: string;
  readonly names: readonly string[];
  readonly total: number;
  readonly expected: string;
  readonly seen: string;
  readonly likelyCause: string;
  readonly fix: string;
}

/** The kinds of tensors in the order of their weight, with why sampling changes them. */
const KINDS: readonly (Pick<Change, 'likelyCause' | 'fix'> & {
  readonly kind: TensorRecord['kind'];
  readonly noun: string;
})[] = [
  {
    kind: 'parameter',
    noun: 'parameter',
    likelyCause:
      'weights are replaced, merged or rounded for sampling, and the trained ones are not put back',
    fix: 'sample from a copy, or put the trained weights back after sampling, also if it fails',
  },
  {
    kind: 'buffer',
    noun: 'buffer',
    likelyCause: 'the model samples in training mode, so its running statistics take in the samples',
    fix: 'switch to evaluation mode to sample, and back to training mode afterwards',
  },
  {
    kind: 'slot',
    noun: 'optimizer slot',
    likelyCause: 'sampling steps, resets or recreates the optimizer',
    fix: 'leave the optimizer alone while sampling',
  },
  {
    kind: 'gradient',
    noun: 'accumulated gradient',
    likelyCause: 'sampling drops the gradients that are accumulated, or adds its own',
    fix: 'sample without recording gradients, and do not reset them',
  },
  {
    kind: 'ema',
    noun: 'weight average',
    likelyCause: 'the averages and the weights are exchanged for sampling, and not exchanged back',
    fix: 'sample from a copy, or exchange them back after sampling, also if it fails',
  },
];

const SWAPPED = {
  likelyCause: 'the averaged weights are put into the model for sampling and not taken out again',
  fix: 'keep a copy of the trained weights, and put it back after sampling, also if it fails',
};

const digestOf = (tensor: TensorRecord | undefined): string | undefined => tensor?.digest;

function tensorChange(
  before: StateRecord,
  after: StateRecord,
  own: (typeof KINDS)[number],
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
    ? plural(names.length, ' has the values of its average', ' have the values of their averages')
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
    ...(swapped ? SWAPPED : { likelyCause: own.likelyCause, fix: own.fix }),
  };
}

function entryChange(
  before: StateRecord,
  after: StateRecord,
  which: 'random' | 'counters',
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
    expected: isRandom ? `'${first.name}' as before the samples` : `'${first.name}' stays ${first.saved}`,
    seen: isRandom ? 'another state' : `'${first.name}' is ${insteadOf(first.resumed, first.saved)}`,
    likelyCause: isRandom
      ? 'samples are drawn from a generator of the training'
      : 'sampling counts as training, or resets what is counted',
    fix: isRandom
      ? 'draw samples from a generator of their own, with a fixed seed'
      : 'let only training steps change these counters',
  };
}

/** Everything that differs between two states of one process, with no step between them. */
function changesBetween(before: StateRecord, after: StateRecord): Change[] {
  const tensors = KINDS.map((kind) => tensorChange(before, after, kind));
  const entries = (['random', 'counters'] as const).map((which) => entryChange(before, after, which));
  return [...tensors, ...entries].filter((change) => change !== undefined);
}

function foundIn(evidence: Evidence, trace: Trace): Found | undefined {
  for (const [index, after] of trace.states.entries()) {
    const before = trace.states[index - 1];
    if (after.at !== 'sampled' || before?.step !== after.step) continue;
    const changes = changesBetween(before, after);
    const [first] = changes;
    if (first === undefined) continue;
    const { expected, seen, likelyCause, fix, names, total } = first;
    return {
      sentence: `Drawing samples changes what is trained: after the samples of step ${after.step} in the ${nameOf(trace)} process, ${changes.map(({ what }) => what).join(', and ')}.`,
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

export const samplingChangesState: Rule = {
  id: 'sampling-changes-state',
  proof: 'alive',
  claim: 'Drawing samples leaves everything as it was that training changes or a resume restores.',
  reads:
    'the states right before and after samples are drawn, in each process: tensors, generators, counters',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { traces, control } = evidence;
    // One finding, of the first process that shows it: the others repeat it.
    const inOrder = [...(control === undefined ? [] : [control]), ...traces];
    for (const trace of inOrder) {
      const found = foundIn(evidence, trace);
      if (found !== undefined) return [found];
    }
    return [];
  },
};

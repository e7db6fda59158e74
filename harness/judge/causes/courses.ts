/** The learning rates of a resume beside those of the control's other updates: shifted, or by a factor. */
import type { TracedStep } from '../../trace/schema.ts';
import { stepPairs } from '../evidence.ts';
import { enumerated, insteadOf, listed, plural } from '../words.ts';
import type { Clues } from './clues.ts';
import { groupNames, key, learningRateOf, placesThatDiffer, rareChanges } from './rates.ts';

/** One step per update: the learning rate does not change within an accumulation window. */
const applied = (steps: readonly TracedStep[]): readonly TracedStep[] =>
  steps.filter(({ claimed }) => claimed.applied);

interface LearningRates {
  readonly mine: readonly TracedStep[];
  /** The control's updates from its first step on; `at` is the first of them after the resume. */
  readonly theirs: readonly TracedStep[];
  readonly at: number;
  /** The learning rates of the groups that differ, as text, of each update: others follow their own schedule. */
  readonly keys: { readonly mine: readonly string[]; readonly theirs: readonly string[] };
}

export function learningRatesOf({ resume, evidence, pairs }: Clues): LearningRates {
  const theirs = applied(evidence.control?.steps ?? []);
  const mine = applied(pairs.map(({ resumed }) => resumed));
  const places = placesThatDiffer(pairs);
  const keyOf = (step: TracedStep): string =>
    places.length === 0 ? key(step) : String(places.map((place) => learningRateOf(step)[place]));
  return {
    mine,
    theirs,
    at: theirs.filter(({ step }) => step <= resume.from).length,
    keys: { mine: mine.map(keyOf), theirs: theirs.map(keyOf) },
  };
}

/** The keys of the updates that have a place in the control, if their learning rates are the control's there. */
function compared({ keys }: LearningRates, place: (update: number) => number): string[] | undefined {
  const equal = keys.mine.every((own, update) => (keys.theirs[place(update)] ?? own) === own);
  return equal ? keys.mine.filter((_, update) => keys.theirs[place(update)] !== undefined) : undefined;
}

/** Whether the learning rate of each update j is the control's at `place(j)`. Places beyond the control's end are ignored. */
export function follows(rates: LearningRates, place: (update: number) => number): boolean {
  const known = compared(rates, place) ?? [];
  return known.length > 0 && known.length * 2 >= rates.mine.length;
}

const areDistinct = (keys: readonly string[]): boolean => new Set(keys).size === keys.length;

/** Whether the learning rates change in each update, so that each is that of one update only. */
const changeInEach = ({ keys, at }: LearningRates): boolean =>
  areDistinct(keys.theirs.slice(at, at + keys.mine.length)) && areDistinct(keys.mine);

/** All shifts within the control, the nearest first. */
const shiftsOf = ({ theirs }: LearningRates): number[] => theirs.flatMap((_, by) => [-by - 1, by + 1]);

/** How many updates the learning rates are ahead of the control's; undefined if they are not the control's elsewhere. */
export function shiftOf(rates: LearningRates): number | undefined {
  const { mine, at, keys } = rates;
  // One learning rate that stays is that of many steps.
  if (mine.length > 1 && new Set(keys.mine).size === 1) return undefined;
  return shiftsOf(rates).find((by) => {
    const place = (update: number): number => at + update + by;
    if (!follows(rates, place)) return false;
    if (mine.length === 1) return Math.abs(by) <= NEAR;
    return changeInEach(rates) || new Set(compared(rates, place)).size > 1;
  });
}

/** A single learning rate can be that of any step. */
const NEAR = 4;

/**
 * The same, where the control ends before half of the updates are compared: by a factor that stays, among learning rates
 * that change in each update.
 */
export function shiftBeyondEnd(clues: Clues): number | undefined {
  const rates = learningRatesOf(clues);
  const { mine, at } = rates;
  if (mine.length < 2 || !changeInEach(rates) || baseFactor(clues) === undefined) return undefined;
  return shiftsOf(rates).find((by) => (compared(rates, (update) => at + update + by)?.length ?? 0) > 0);
}

/** ` of 'first'`, if only some groups differ. */
export function whose({ pairs }: Pick<Clues, 'pairs'>): string {
  const names = groupNames(pairs);
  const places = placesThatDiffer(pairs);
  return places.length === 0 || places.length >= names.length
    ? ''
    : ` of ${listed(places.flatMap((place) => names[place] ?? []))}`;
}

/** `; the other group is right`, if only some groups differ. */
export function othersText({ pairs }: Pick<Clues, 'pairs'>): string {
  const others = groupNames(pairs).length - placesThatDiffer(pairs).length;
  return whose({ pairs }) === '' ? '' : `; the other ${plural(others, 'group is', 'groups are')} right`;
}

/** Whether the learning rates are those of another part of the control. */
export function isElsewhere(clues: Clues): boolean {
  const rates = learningRatesOf(clues);
  const restarted = rates.at > 0 && follows(rates, (update) => update);
  return restarted || shiftOf(rates) !== undefined;
}

/** Whether the learning rates after a later resume differ from the control's by more than one factor. */
export const bendsLater = ({ evidence, resume }: Clues): boolean =>
  evidence.resumes.some((later) => {
    if (later.index <= resume.index) return false;
    const pairs = stepPairs(later);
    const differ = pairs.some(({ control, resumed }) => key(control) !== key(resumed));
    return differ && baseFactor({ pairs }) === undefined;
  });

const isNear = (one: number, other: number): boolean => Math.abs(one / other - 1) <= 2 ** -48;

/**
 * A constant factor between the learning rates and the control's, other than 1, in the groups that differ; learning rates
 * are products in double precision.
 */
export function baseFactor({ pairs }: Pick<Clues, 'pairs'>): number | undefined {
  const places = placesThatDiffer(pairs);
  const learningRates = pairs.flatMap(({ control, resumed }) => {
    const [mine, theirs] = [learningRateOf(resumed), learningRateOf(control)];
    return places.map((place) => [mine[place] ?? 0, theirs[place] ?? 0] as const);
  });
  const nonzero = learningRates.filter(([, other]) => other !== 0);
  const [first] = nonzero.map(([learningRate, other]) => learningRate / other);
  if (first === undefined || isNear(first, 1) || first === 0) return undefined;
  const same = nonzero.every(([learningRate, other]) => isNear(learningRate / other, first));
  return same && learningRates.every(([learningRate, other]) => other !== 0 || learningRate === 0)
    ? first
    : undefined;
}

/** Whether the factor holds across a change of the control's learning rates. */
export function holdsAcrossChange(clues: Clues): boolean {
  const { keys, at, mine } = learningRatesOf(clues);
  return new Set(keys.theirs.slice(at, at + mine.length)).size > 1 && baseFactor(clues) !== undefined;
}

/** What a constant factor comes from. */
export function factorText(clues: Clues, factor: number): string {
  const { keys, at } = learningRatesOf(clues);
  const again = decaysAgain(clues, factor);
  if (again !== undefined) return again;
  if (!holdsAcrossChange(clues))
    return 'either the base learning rate differs, or the schedule has a different position or formula';
  const due = keys.theirs.slice(Math.max(0, at - 1)).map((rates) => Number.parseFloat(rates));
  const ratios = due.slice(1).map((rate, update) => rate / due[update]!);
  // A schedule that multiplies by the same factor in each update is only shifted by another base.
  return ratios.every((ratio) => isNear(ratio, ratios[0]!))
    ? 'either the base learning rate differs, or the schedule has a different position'
    : 'the schedule continues from a different base learning rate';
}

/** The last rare changes before the resume whose product is the factor: they are made once more. */
function decaysAgain(clues: Clues, factor: number): string | undefined {
  const { theirs, at } = learningRatesOf(clues);
  const [place] = placesThatDiffer(clues.pairs);
  const changes = rareChanges(theirs).filter(({ step }) => step <= clues.resume.from);
  const rateBefore = (change: TracedStep): number =>
    learningRateOf(theirs[theirs.indexOf(change) - 1]!)[place!] ?? Number.NaN;
  const now = theirs[at - 1];
  if (place === undefined || now === undefined) return undefined;
  const first = changes.findLast((change) =>
    isNear((learningRateOf(now)[place] ?? Number.NaN) / rateBefore(change), factor),
  );
  if (first === undefined) return undefined;
  const steps = changes.filter(({ step }) => step >= first.step).map(({ step }) => String(step));
  return `the ${plural(steps.length, 'change of step', 'changes of steps')} ${enumerated(steps)} ${plural(steps.length, 'was', 'were')} made again, or the base learning rate differs`;
}

/** The first update whose learning rate the control has elsewhere: `step 8 has the learning rate of the control’s step 12, …`. */
export function placeText(clues: Clues, by: number): string {
  const { mine, theirs, at, keys } = learningRatesOf(clues);
  const update = mine.findIndex((_, own) => theirs[at + own + by] !== undefined);
  const rates = [keys.mine[update]!, keys.theirs[at + update]!].map((rate) => Number.parseFloat(rate));
  return `step ${mine[update]!.step} has the learning rate of the control’s step ${theirs[at + update + by]!.step}, ${insteadOf(rates[0], rates[1])}`;
}

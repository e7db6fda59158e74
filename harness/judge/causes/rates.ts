/** The learning rates of a resume beside the control's: changes at other steps, and warm-ups that are made again. */
import type { TracedStep } from '../../trace/schema.ts';
import { type StepPair, stepPairs } from '../evidence.ts';
import { enumerated, figure, plural } from '../words.ts';
import type { Clues } from './clues.ts';

/** The logged learning rates by group, or else those inside the updates. */
export const learningRateOf = ({ claimed, learningRates }: TracedStep): readonly number[] => {
  const logged = Object.entries(claimed.learningRates).sort(([a], [b]) => (a < b ? -1 : 1));
  return logged.length > 0
    ? logged.map(([, learningRate]) => learningRate)
    : learningRates.filter((learningRate) => learningRate !== null);
};

export const key = (step: TracedStep): string => String(learningRateOf(step));

/** The names of the groups, in the order of their learning rates; those inside the updates have none. */
export const groupNames = (pairs: readonly StepPair[]): readonly (string | undefined)[] =>
  Object.keys(pairs[0]?.control.claimed.learningRates ?? {}).sort((a, b) => (a < b ? -1 : 1));

/** The places of the learning rates that differ in any step. */
export function placesThatDiffer(pairs: readonly StepPair[]): number[] {
  const differ = new Set<number>();
  for (const { control, resumed } of pairs) {
    const theirs = learningRateOf(control);
    for (const [place, rate] of learningRateOf(resumed).entries())
      if (rate !== theirs[place]) differ.add(place);
  }
  return [...differ].sort((a, b) => a - b);
}

/** The steps whose learning rate is not that of the step before. */
const changesOf = (steps: readonly TracedStep[]): TracedStep[] =>
  steps.filter((step, at) => at > 0 && key(step) !== key(steps[at - 1]!));

/** The changes, if they come after fewer than a third of the updates. */
export function rareChanges(steps: readonly TracedStep[]): readonly TracedStep[] {
  const all = changesOf(steps);
  return all.length * 3 > steps.filter(({ claimed }) => claimed.applied).length ? [] : all;
}

/**
 * The control's learning rate changes rarely, and the resumed run's at other steps.
 * @param isPlaced whether the schedule's position was restored
 */
export function changesText({ evidence, resume, pairs }: Clues, isPlaced: boolean): string | undefined {
  const theirs = evidence.control?.steps ?? [];
  const all = rareChanges(theirs);
  if (all.length === 0) return undefined;
  const before = theirs.find(({ step }) => step === resume.from);
  const mine = changesOf([...(before === undefined ? [] : [before]), ...pairs.map(({ resumed }) => resumed)]);
  const due = all.filter(({ step }) => step > resume.from && step <= resume.to);
  const [wanted] = due;
  const [made] = mine;
  // The same values in the same order.
  if (wanted === undefined || mine.some((step, at) => due[at] !== undefined && key(due[at]) !== key(step)))
    return undefined;
  const trigger = `what triggers the change (${isPlaced ? '' : 'the schedule’s position, '}a metric, a count of bad epochs) is not restored, or not observed`;
  const rate = enumerated([...new Set(learningRateOf(wanted).map(figure))]);
  if (made === undefined)
    return `the learning rate does not change to ${rate} in step ${wanted.step}, nor up to step ${pairs.at(-1)!.resumed.step}: ${trigger}`;
  if (made.step === wanted.step || key(made) !== key(wanted)) return undefined;
  return `the learning rate changes to ${rate} in step ${made.step} instead of step ${wanted.step}: ${trigger}`;
}

interface Share {
  readonly step: number;
  /** The updates that both runs have made since the resume. */
  readonly update: number;
  /** Of the control's learning rate; NaN if the groups do not have the same. */
  readonly share: number;
}

/**
 * One for each number of updates. Steps before which the two runs have made different numbers of updates are left out, and
 * so are learning rates of 0 in both, which show no share.
 */
function sharesOf(pairs: readonly StepPair[]): Share[] {
  const shares: Share[] = [];
  let [mine, theirs] = [0, 0];
  for (const { control, resumed } of pairs) {
    const rates = [...learningRateOf(control), ...learningRateOf(resumed)];
    if (mine === theirs && shares.at(-1)?.update !== mine && rates.some((rate) => rate !== 0))
      shares.push({ step: resumed.step, update: mine, share: shareOf(control, resumed) });
    mine += Number(resumed.claimed.applied);
    theirs += Number(control.claimed.applied);
  }
  return shares;
}

const areRising = (shares: readonly Share[]): boolean =>
  shares.every(({ share }, at) => share < (shares[at + 1]?.share ?? 1));

/** Whether the learning rates rise towards the control's, without reaching them. */
export function rises({ pairs }: Clues): boolean {
  const shares = sharesOf(pairs);
  return shares.length > 1 && areRising(shares);
}

const near = (one: number, other: number): boolean => Math.abs(one / other - 1) <= 2 ** -40;

/** Whether the shares lie on a line through 0, at the resume or one update before it. */
const isLinear = (shares: readonly Share[]): boolean =>
  [0, 1].some((offset) => {
    const slopes = shares
      .filter(({ update, share }) => update + offset > 0 || share !== 0)
      .map(({ update, share }) => share / (update + offset));
    return slopes.length > 1 && slopes.every((slope) => near(slope, slopes[0]!));
  });

/** The learning rates rise to the control's by one growing factor and then are the control's, or they rise on a line from 0. */
function rampText(shares: readonly Share[]): string | undefined {
  const end = shares.findIndex(({ share }) => share === 1);
  const early = end < 0 ? shares : shares.slice(0, end);
  if (early.length === 0 || !areRising(early)) return undefined;
  if (end < 0 ? !isLinear(early) : shares.slice(end).some(({ share }) => share !== 1)) return undefined;
  const factors = joined(early.map(({ share }) => figure(share)));
  const when =
    early[0]!.update === 0
      ? `in the first ${early.length} ${plural(early.length, 'update', 'updates')}`
      : `in ${plural(early.length, 'step', 'steps')} ${joined(early.map(({ step }) => String(step)))}`;
  return `${factors} times the control’s ${when}, ${end < 0 ? 'on a line from 0' : `and equal from step ${shares[end]!.step} on`}`;
}

const joined = (words: readonly string[]): string => words.join(words.length === 2 ? ' and ' : ', ');

/** A warm-up that is made again. If this segment is too short to show it, a later resume that begins alike may. */
export function warmUpText({ pairs, evidence, resume }: Clues): string | undefined {
  const own = sharesOf(pairs);
  const ramp = rampText(own);
  if (ramp !== undefined) return `the learning rates are ${ramp}: a warm-up is made again`;
  const [only] = own;
  if (only === undefined || own.length > 1 || !(only.share < 1)) return undefined;
  for (const later of evidence.resumes) {
    if (later.index <= resume.index) continue;
    const shares = sharesOf(stepPairs(later));
    const text = near(shares[0]?.share ?? Number.NaN, only.share) ? rampText(shares) : undefined;
    if (text !== undefined)
      return `the learning rate is ${figure(only.share)} times the control’s, and after resume ${later.index} the learning rates are ${text}: a warm-up is made again at each resume`;
  }
  return undefined;
}

/** The factor that all groups share; NaN if they share none. */
function shareOf(control: TracedStep, resumed: TracedStep): number {
  const [mine, theirs] = [learningRateOf(resumed), learningRateOf(control)];
  const ratios = mine.flatMap((rate, at) => {
    const other = theirs[at]!;
    if (rate === other) return rate === 0 ? [] : [1];
    return [rate / other];
  });
  const [first = Number.NaN] = ratios;
  return ratios.every((ratio) => Math.abs(ratio / first - 1) <= 2 ** -48 || ratio === first)
    ? first
    : Number.NaN;
}

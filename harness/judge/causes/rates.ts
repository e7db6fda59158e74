/** The learning rates of a resume beside the control's: changes at other steps, and warm-ups that are made again. */
import type { TracedStep } from '../../trace/schema.ts';
import type { StepPair } from '../evidence.ts';
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

const isUpdate = ({ control, resumed }: StepPair): boolean =>
  control.claimed.applied && resumed.claimed.applied;

/** The steps whose learning rate is not that of the step before. */
const changesOf = (steps: readonly TracedStep[]): TracedStep[] =>
  steps.filter((step, at) => at > 0 && key(step) !== key(steps[at - 1]!));

/** The control's learning rate changes in fewer than a third of its steps, and the resumed run's at other steps. */
export function changesText({ evidence, resume, pairs }: Clues): string | undefined {
  const theirs = evidence.control?.steps ?? [];
  const all = changesOf(theirs);
  if (all.length === 0 || all.length * 3 > theirs.length) return undefined;
  const before = theirs.find(({ step }) => step === resume.from);
  const mine = changesOf([...(before === undefined ? [] : [before]), ...pairs.map(({ resumed }) => resumed)]);
  const due = all.filter(({ step }) => step > resume.from && step <= resume.to);
  const [wanted] = due;
  const [made] = mine;
  // The same values in the same order.
  if (wanted === undefined || mine.some((step, at) => due[at] !== undefined && key(due[at]) !== key(step)))
    return undefined;
  const trigger =
    'what triggers the change (the schedule’s position, a metric, a count of bad epochs) is not restored, or not observed';
  const rate = enumerated([...new Set(learningRateOf(wanted).map(figure))]);
  if (made === undefined)
    return `the learning rate does not change to ${rate} in step ${wanted.step}, nor up to step ${pairs.at(-1)!.resumed.step}: ${trigger}`;
  if (made.step === wanted.step || key(made) !== key(wanted)) return undefined;
  return `the learning rate changes to ${rate} in step ${made.step} instead of step ${wanted.step}: ${trigger}`;
}

/** The share of the control's learning rate in each update; NaN if the groups do not have the same. */
const sharesOf = ({ pairs }: Clues): { step: number; share: number }[] =>
  pairs
    .filter(isUpdate)
    .map(({ control, resumed }) => ({ step: resumed.step, share: shareOf(control, resumed) }));

const areRising = (shares: readonly number[]): boolean =>
  shares.every((share, at) => share < (shares[at + 1] ?? 1));

/** Whether the learning rates rise towards the control's, without reaching them. */
export function rises(clues: Clues): boolean {
  const shares = sharesOf(clues).map(({ share }) => share);
  return shares.length > 1 && areRising(shares);
}

/** The learning rates rise to the control's by one growing factor, and then are the control's. */
export function warmUpText(clues: Clues): string | undefined {
  const shares = sharesOf(clues);
  const end = shares.findIndex(({ share }) => share === 1);
  const early = shares.slice(0, Math.max(0, end)).map(({ share }) => share);
  if (early.length === 0 || !areRising(early) || shares.slice(end).some(({ share }) => share !== 1))
    return undefined;
  const factors = early.map(figure).join(early.length === 2 ? ' and ' : ', ');
  return `the learning rates are ${factors} times the control’s in the first ${early.length} ${plural(early.length, 'update', 'updates')}, and equal from step ${shares[end]!.step} on: a warm-up is made again`;
}

/** The factor that all groups share; NaN if they share none. */
function shareOf(control: TracedStep, resumed: TracedStep): number {
  const [mine, theirs] = [learningRateOf(resumed), learningRateOf(control)];
  const ratios = mine.map((rate, at) => (rate === theirs[at] ? 1 : rate / theirs[at]!));
  const [first = Number.NaN] = ratios;
  return ratios.every((ratio) => Math.abs(ratio / first - 1) <= 2 ** -48) ? first : Number.NaN;
}

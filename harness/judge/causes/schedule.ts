/** The learning rates, and the count that the schedule computes them from. */
import { counterKind, isLearningRateName } from '../../trace/names.ts';
import type { TracedStep } from '../../trace/schema.ts';
import { figure, insteadOf, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import {
  type Advance,
  advances,
  areFresh,
  type ChangedCounter,
  type Clues,
  COUNTERS,
  counterNames,
  distance,
  ofKind,
  updatesMade,
} from './clues.ts';
import { STILL } from './stale.ts';

const SCHEDULE = {
  heads: [COUNTERS, 'learning-rate-differs', 'applied-learning-rate-differs', 'final-counters-differ'],
  explains: [
    'counter:schedule',
    'learning-rate-differs',
    'applied-learning-rate-differs',
    'learning-rate-not-as-claimed',
    'final-counters-differ',
    ...STILL,
  ],
};

/** Whether a counter is the schedule's count, and not a learning rate that it computes. */
const isScheduleCount = (name: string): boolean =>
  counterKind(name) === 'schedule' && !isLearningRateName(name);

const scheduleCounts = (clues: Clues): ChangedCounter[] =>
  ofKind(clues, 'schedule').filter(({ name }) => isScheduleCount(name));

/** How far the schedule's counts advanced after the resume; empty if it has none. */
const scheduleAdvances = (clues: Clues): Advance[] => advances(clues, isScheduleCount);

/** The schedule has a count and it was restored: it was neither reset nor shifted. */
const countWasRestored = (clues: Clues): boolean =>
  scheduleCounts(clues).length === 0 &&
  Object.keys(clues.resume.resumed?.counters ?? {}).some(isScheduleCount);

function countStalls(clues: Clues): boolean | undefined {
  const counts = scheduleAdvances(clues);
  if (counts.every(({ theirs }) => theirs === 0)) return undefined;
  return counts.every(({ mine }) => mine === 0);
}

const learningRateOf = ({ claimed, learningRates }: TracedStep): readonly number[] => {
  const logged = Object.entries(claimed.learningRates).sort(([a], [b]) => (a < b ? -1 : 1));
  return logged.length > 0
    ? logged.map(([, learningRate]) => learningRate)
    : learningRates.filter((learningRate) => learningRate !== null);
};

const key = (step: TracedStep): string => String(learningRateOf(step));

/** One step per update: the learning rate does not change within an accumulation window. */
const applied = (steps: readonly TracedStep[]): readonly TracedStep[] =>
  steps.filter(({ claimed }) => claimed.applied);

interface LearningRates {
  readonly mine: readonly TracedStep[];
  /** The control's updates from its first step on; `at` is the first of them after the resume. */
  readonly theirs: readonly TracedStep[];
  readonly at: number;
}

function learningRatesOf({ resume, evidence, pairs }: Clues): LearningRates {
  const theirs = applied(evidence.control?.steps ?? []);
  const mine = applied(pairs.map(({ resumed }) => resumed));
  return { mine, theirs, at: theirs.filter(({ step }) => step <= resume.from).length };
}

/** Whether the learning rate of each update j is the control's at `place(j)`. Places beyond the control's end are ignored. */
function follows({ mine, theirs }: LearningRates, place: (update: number) => number): boolean {
  const compared = mine.filter((_, update) => theirs[place(update)] !== undefined);
  return (
    compared.length > 0 &&
    compared.length * 2 >= mine.length &&
    mine.every((step, update) => {
      const other = theirs[place(update)];
      return other === undefined || key(other) === key(step);
    })
  );
}

const SHIFTS = [-1, 1, -2, 2, -3, 3, -4, 4];

/** A constant factor between the learning rates and the control's, other than 1; learning rates are products in double precision. */
function baseFactor({ pairs }: Clues): number | undefined {
  const learningRates = pairs.flatMap(({ control, resumed }) => {
    const theirs = learningRateOf(control);
    return learningRateOf(resumed).map((learningRate, group) => [learningRate, theirs[group] ?? 0] as const);
  });
  const nonzero = learningRates.filter(([, other]) => other !== 0);
  const [first] = nonzero.map(([learningRate, other]) => learningRate / other);
  if (first === undefined || Math.abs(first - 1) <= 2 ** -48 || first === 0) return undefined;
  const same = nonzero.every(
    ([learningRate, other]) => Math.abs(learningRate / other / first - 1) <= 2 ** -48,
  );
  return same && learningRates.every(([learningRate, other]) => other !== 0 || learningRate === 0)
    ? first
    : undefined;
}

const scheduleDiffers = (clues: Clues): boolean => {
  if (ofKind(clues, 'schedule').length > 0) return true;
  // If different updates are made, the learning rate of each can still be right.
  const learningRates = learningRatesOf(clues);
  return (
    clues.has('learning-rate-differs') &&
    !(clues.has('applied-differs') && follows(learningRates, (update) => learningRates.at + update))
  );
};

export const SCHEDULE_CAUSES: readonly Cause[] = [
  {
    id: 'learning-rate-zero',
    means: 'The learning rate is 0 throughout the resumed run.',
    heads: ['silent-no-op', COUNTERS, 'learning-rate-differs', 'stalled-parameters'],
    explains: SCHEDULE.explains,
    diagnose(clues) {
      const mine = clues.pairs.flatMap(({ resumed }) => learningRateOf(resumed));
      const wanted = clues.pairs
        .flatMap(({ control }) => learningRateOf(control))
        .find((learningRate) => learningRate !== 0);
      if (mine.length === 0 || mine.some((learningRate) => learningRate !== 0)) return undefined;
      if (wanted === undefined || !scheduleDiffers(clues) || countStalls(clues)) return undefined;
      // A schedule that is behind may not have reached a nonzero learning rate yet.
      if (scheduleCounts(clues).some((count) => distance(count) < 0)) return undefined;
      return `the learning rate is 0 in all ${clues.pairs.length} steps, but the control’s starts at ${figure(wanted)}: the schedule treats the run as finished, or its base learning rate is 0`;
    },
  },
  {
    id: 'schedule-restarted',
    means: 'The schedule restarted.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!scheduleDiffers(clues) || countWasRestored(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const learningRates = learningRatesOf(clues);
      if (
        counts.length > 0
          ? !areFresh(counts)
          : learningRates.at === 0 || !follows(learningRates, (update) => update)
      )
        return undefined;
      const [first] = counts;
      const how = first === undefined ? 'the learning rates are those from step 1 on' : counterNames(counts);
      return `the schedule restarted: ${how}`;
    },
  },
  {
    id: 'schedule-shifted',
    means: 'The schedule is some updates behind or ahead.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!scheduleDiffers(clues) || countWasRestored(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const learningRates = learningRatesOf(clues);
      const by =
        counts.length > 0
          ? distance(counts[0]!)
          : SHIFTS.find((shift) => follows(learningRates, (update) => learningRates.at + update + shift));
      if (by === undefined || Number.isNaN(by)) return undefined;
      return `the schedule is ${Math.abs(by)} update${plural(Math.abs(by), '', 's')} ${by < 0 ? 'behind' : 'ahead'}${counts.length > 0 ? `: ${counterNames(counts)}` : ''}`;
    },
  },
  {
    id: 'schedule-wrong-base',
    means: 'The schedule continues from a different base learning rate.',
    ...SCHEDULE,
    diagnose(clues) {
      const base = ofKind(clues, 'schedule').filter(({ name }) => /base/i.test(name));
      if (base.length > 0)
        return `the schedule continues from a different base learning rate: ${counterNames(base)}`;
      const factor = scheduleDiffers(clues) ? baseFactor(clues) : undefined;
      if (factor === undefined || scheduleCounts(clues).length > 0) return undefined;
      return `every learning rate is ${figure(factor)} times the control’s: the schedule continues from a different base learning rate`;
    },
  },
  {
    id: 'schedule-stands-still',
    means: 'The schedule no longer advances.',
    ...SCHEDULE,
    diagnose(clues) {
      const stalls = `the schedule no longer advances: its count does not change in ${clues.pairs.length} steps`;
      if (scheduleCounts(clues).length === 0 && clues.has('final-counters-differ') && countStalls(clues))
        return stalls;
      const [mine, theirs] = [
        clues.pairs.map(({ resumed }) => key(resumed)),
        clues.pairs.map(({ control }) => key(control)),
      ];
      if (!clues.has('learning-rate-differs') || new Set(mine).size > 1) return undefined;
      if (new Set(theirs).size < 2 && !countStalls(clues)) return undefined;
      if (mine[0] !== theirs[0] || countStalls(clues) === false) return undefined;
      return `the schedule no longer advances: the learning rate stays ${figure(learningRateOf(clues.pairs[0]!.resumed)[0])} for ${mine.length} steps`;
    },
  },
  {
    id: 'schedule-runs-fast',
    means: 'The schedule advances several times per step.',
    ...SCHEDULE,
    diagnose(clues) {
      const learningRates = learningRatesOf(clues);
      const shows = clues.has('learning-rate-differs') || clues.has('final-counters-differ');
      if (!shows || scheduleCounts(clues).length > 0) return undefined;
      // Taken from the schedule's count, or else from the learning rates as far as the control has them.
      const several = learningRates.mine.length > 1;
      const counted =
        timesCounted(clues) ??
        [2, 3, 4].find(
          (times) =>
            several &&
            clues.has('learning-rate-differs') &&
            follows(learningRates, (update) => learningRates.at + times * update),
        );
      if (counted === undefined) return undefined;
      return `the schedule advances ${counted} times per step`;
    },
  },
  {
    id: 'schedule-wrong-shape',
    means: 'The schedule has a different length, unit or formula.',
    ...SCHEDULE,
    diagnose(clues) {
      const found = clues.finding('learning-rate-differs');
      if (found === undefined || !scheduleDiffers(clues)) return undefined;
      return `from step ${found.step} on, the learning rates differ from the control’s (${insteadOf(found.seen, found.expected)}): the schedule has a different length, unit or formula`;
    },
  },
];

/** How many times the schedule's count advances for each advance of the control's, if more than once. */
function timesCounted(clues: Clues): number | undefined {
  if (updatesMade(clues, 'resumed') !== updatesMade(clues, 'control')) return undefined;
  const ratios = scheduleAdvances(clues).map(({ mine, theirs }) => mine / theirs);
  const [first] = ratios;
  const same = ratios.every((ratio) => ratio === first);
  return first !== undefined && Number.isInteger(first) && first > 1 && same ? first : undefined;
}

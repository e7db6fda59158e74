/** The learning rates, and the count that the schedule computes them from. */
import { counterKind, isScheduleCount } from '../../trace/names.ts';
import { totalOf } from '../columns.ts';
import type { StepPair } from '../evidence.ts';
import { spanText } from '../spans.ts';
import { enumerated, figure, insteadOf, ofAll, plural } from '../words.ts';
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
import {
  baseFactor,
  bendsLater,
  factorText,
  follows,
  holdsAcrossChange,
  isElsewhere,
  learningRatesOf,
  othersText,
  placeText,
  shiftBeyondEnd,
  shiftOf,
  whose,
} from './courses.ts';
import { isScheduled } from './hyperparameters.ts';
import { lateText, ratesText } from './late.ts';
import { changesText, key, learningRateOf, rises, warmUpText } from './rates.ts';
import { STILL, sides, updates } from './stale.ts';

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

const scheduleCounts = (clues: Clues): ChangedCounter[] =>
  ofKind(clues, 'schedule').filter(({ name }) => isScheduleCount(name));

/**
 * Whether a counter can be the schedule's position: in the control it advances by the same number with each update, or
 * with each step, before the resume and after it. A count of bad epochs does not.
 */
function isPosition(clues: Clues, { name, saved, initial }: ChangedCounter): boolean {
  const { resume, evidence, past } = clues;
  const { controlFirst, controlLast, from, to } = resume;
  const [first, last] = [controlFirst?.counters[name], controlLast?.counters[name]];
  if (typeof saved !== 'number' || typeof first !== 'number' || typeof last !== 'number' || from === to)
    return true;
  const advances = [saved - Number(initial ?? 0), last - first];
  const updates = [past, evidence.control?.steps.filter(({ step }) => step > from && step <= to) ?? []].map(
    (steps) => steps.filter(({ claimed }) => claimed.applied).length,
  );
  // Without an update before the resume, only what follows shows it.
  if (advances[0] === 0 && updates[0] === 0)
    return advances[1]! > 0 && updates[1]! > 0 && advances[1]! % updates[1]! === 0;
  const same = (by: readonly number[]): boolean => advances[0]! * by[1]! === advances[1]! * by[0]!;
  return advances[0]! > 0 && (same(updates) || same([from, to - from]));
}

/** All counters of the schedule that had moved are again those of a run that has just started. */
function allRestarted(clues: Clues): boolean {
  const changed = ofKind(clues, 'schedule');
  const moved = Object.entries(clues.resume.saved?.counters ?? {}).filter(
    ([name, saved]) => counterKind(name) === 'schedule' && saved !== clues.initial?.counters[name],
  );
  return areFresh(changed) && changed.length >= moved.length;
}

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

/** Whether a count that restarts in the segment would end as it began. */
function comesRound(clues: Clues): boolean {
  const { resume, initial } = clues;
  const made = updatesMade(clues, 'resumed');
  const counts = scheduleAdvances(clues).filter(({ theirs }) => theirs !== 0);
  return counts.every(({ name }) =>
    [made, clues.pairs.length].includes(
      Number(resume.last?.counters[name]) - Number(initial?.counters[name] ?? 0),
    ),
  );
}

/** A schedule that is right at first and from a later update on repeats an earlier part. */
function restartsLater(clues: Clues): string | undefined {
  if (!clues.has('learning-rate-differs') || scheduleCounts(clues).length > 0) return undefined;
  const { mine, theirs, at } = learningRatesOf(clues);
  const first = mine.findIndex((step, update) => {
    const other = theirs[at + update];
    return other !== undefined && key(other) !== key(step);
  });
  const rest = mine.slice(Math.max(0, first));
  // A learning rate that stays as it was does not restart.
  if (first < 1 || rest.every((step) => key(step) === key(mine[first - 1]!))) return undefined;
  const past = theirs.slice(0, at + first);
  const places = past.flatMap((_, begin) =>
    rest.every((step, update) => key(theirs[begin + update]!) === key(step)) ? [begin] : [],
  );
  const [place] = places;
  // Equal learning rates show no place.
  const shows = rest.length > 1 ? new Set(rest.map(key)).size > 1 : places.length === 1;
  if (place === undefined || !shows) return undefined;
  const then = theirs[place]!.step;
  const [last, next] = [mine[first - 1]!.step, rest[0]!.step];
  return `the schedule continues right up to step ${last}, ${rest.length > 1 ? `and from step ${next} on the learning rates are those of step ${then} on: it restarts in that step` : `and in step ${next} the learning rate is that of step ${then}: it restarts there`}`;
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

/**
 * Whether the control updates and the resumed run never does. The learning rates that it logs are then those of an idle
 * optimizer, and say nothing of its schedule.
 */
const isIdle = (clues: Clues): boolean => {
  const { control, resumed } = sides(clues);
  return totalOf(control, updates) > 0 && totalOf(resumed, updates) === 0;
};

const stepsOf = (pairs: readonly StepPair[]): number[] => pairs.map(({ resumed }) => resumed.step);

/** The steps whose learning rates differ, and whether they are the first ones of several; undefined if none does. */
function ratesThatDiffer({ pairs }: Clues) {
  const differing = pairs.filter(({ control, resumed }) => key(control) !== key(resumed));
  const [first] = differing;
  const after = pairs.slice(pairs.indexOf(differing.at(-1)!) + 1);
  const isOver = differing.length + after.length === pairs.length && after.length > 0;
  return first && { first, isOver, span: spanText(stepsOf(differing), stepsOf(pairs)) };
}

const CAUSES: readonly Cause[] = [
  {
    id: 'scheduled-values-differ',
    means:
      'The schedule is not where it was, or is another: hyperparameters that it changes, such as a momentum, differ together with the learning rates.',
    fix: 'save and restore the schedule with its position and its length, and lay it over the whole run again',
    ...SCHEDULE,
    explains: [...SCHEDULE.explains, 'counter:hyperparameter'],
    diagnose(clues) {
      const those = ofKind(clues, 'hyperparameter');
      const rates = ratesThatDiffer(clues);
      if (those.length === 0 || rates === undefined || !clues.has('learning-rate-differs')) return undefined;
      if (!those.every(({ name }) => isScheduled(clues.evidence, name)) || scheduleCounts(clues).length > 0)
        return undefined;
      const [start] = clues.evidence.control?.steps ?? [];
      const startsOver =
        areFresh(those) && start !== undefined && key(clues.pairs[0]!.resumed) === key(start);
      return `the schedule ${startsOver ? 'starts over' : 'has another position, length or formula'}: ${counterNames(those)}, and ${rates.span}, the learning rates differ (${ratesText(clues, rates.first.resumed, rates.first.control)})`;
    },
  },
  {
    id: 'learning-rate-late',
    means:
      'The learning rates are older ones until the schedule next sets them: it is right, but its rates reach the optimizer late.',
    fix: 'set the learning rates of the schedule right after the load, before the first step',
    ...SCHEDULE,
    diagnose(clues) {
      if (!clues.has('learning-rate-differs') || scheduleCounts(clues).length > 0) return undefined;
      return updatesMade(clues, 'resumed') === 0 ? undefined : lateText(clues);
    },
  },
  {
    id: 'schedule-changes-at-other-steps',
    means: 'A learning rate that changes rarely takes the control’s values, but at other steps.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!clues.has('learning-rate-differs') || scheduleCounts(clues).length > 0) return undefined;
      if (countStalls(clues) === true || updatesMade(clues, 'resumed') === 0) return undefined;
      // A count that runs fast is the trigger.
      if (timesCounted(clues) !== undefined) return undefined;
      // The changes are made at the right steps.
      if (holdsAcrossChange(clues)) return undefined;
      // A learning rate of 0 that should rise is another cause.
      if (clues.pairs.every(({ resumed }) => learningRateOf(resumed).every((rate) => rate === 0)))
        return undefined;
      return changesText(clues, countWasRestored(clues));
    },
  },
  {
    id: 'warmup-restarted',
    means:
      'The learning rates are too small in the first updates after the resume, and then right: a warm-up is made again.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!clues.has('learning-rate-differs') || scheduleCounts(clues).length > 0) return undefined;
      // A schedule that is elsewhere as a whole can rise to the control's too.
      if (!countWasRestored(clues) && isElsewhere(clues)) return undefined;
      return warmUpText(clues);
    },
  },
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
      const later = restartsLater(clues);
      if (later !== undefined) return later;
      if (!scheduleDiffers(clues) || countWasRestored(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const learningRates = learningRatesOf(clues);
      if (
        counts.length > 0
          ? !(allRestarted(clues) || (areFresh(counts) && counts.some((each) => isPosition(clues, each))))
          : learningRates.at === 0 || !follows(learningRates, (update) => update)
      )
        return undefined;
      if (counts.length > 0) return `the schedule restarted: ${counterNames(counts)}`;
      const { mine } = learningRates.keys;
      const stays = mine.length > 1 && new Set(mine).size === 1;
      return `the schedule${whose(clues)} restarted${stays ? ', or stays where it starts' : ''}: the learning rates are those from step 1 on${othersText(clues)}`;
    },
  },
  {
    id: 'schedule-shifted',
    means: 'The schedule is some updates behind or ahead.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!scheduleDiffers(clues) || countWasRestored(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const position = counts.find((each) => isPosition(clues, each));
      const near = counts.length > 0 ? position && distance(position) : shiftOf(learningRatesOf(clues));
      const by = near ?? (counts.length > 0 ? undefined : shiftBeyondEnd(clues));
      if (by === undefined || Number.isNaN(by)) return undefined;
      const where = `${Math.abs(by)} update${plural(Math.abs(by), '', 's')} ${by < 0 ? 'behind' : 'ahead'}`;
      if (counts.length > 0) return `the schedule is ${where}: ${counterNames(counts)}`;
      if (near !== undefined) return `the schedule${whose(clues)} is ${where}${othersText(clues)}`;
      return `the schedule${whose(clues)} is ${where} (${placeText(clues, by)}), or its base learning rate is ${figure(baseFactor(clues)!)} times the control’s${othersText(clues)}`;
    },
  },
  {
    id: 'schedule-counter-lost',
    means: 'A counter of the schedule other than its position, such as one of bad epochs, was not restored.',
    ...SCHEDULE,
    diagnose(clues) {
      const counts = scheduleCounts(clues);
      if (counts.length === 0 || counts.some((each) => isPosition(clues, each))) return undefined;
      const all = Object.keys(clues.resume.saved?.counters ?? {}).filter(
        (name) => counterKind(name) === 'schedule',
      );
      return `${ofAll(counts.length, all.length, 'counter')} of the schedule ${plural(counts.length, 'was', 'were')} not restored: ${counterNames(counts)}`;
    },
  },
  {
    id: 'schedule-wrong-base',
    means:
      'The learning rates are the control’s times one factor: the base learning rate differs, or changes were made again.',
    ...SCHEDULE,
    diagnose(clues) {
      const base = ofKind(clues, 'schedule').filter(({ name }) => /base/i.test(name));
      if (base.length > 0)
        return `the schedule continues from a different base learning rate: ${counterNames(base)}`;
      const factor = scheduleDiffers(clues) ? baseFactor(clues) : undefined;
      if (factor === undefined || scheduleCounts(clues).length > 0) return undefined;
      // The first of several learning rates can have any factor.
      if (learningRatesOf(clues).mine.length <= 1 && bendsLater(clues)) return undefined;
      const subject = whose(clues) === '' ? 'every learning rate is' : `the learning rate${whose(clues)} is`;
      if (learningRatesOf(clues).mine.length <= 1)
        return `${subject} ${figure(factor)} times the control’s, up to the only update that shows it: either the base learning rate differs, or the schedule has a different position or formula${factor < 1 ? ', or makes its warm-up again' : ''}; more steps after the resume would tell${othersText(clues)}`;
      return `${subject} ${figure(factor)} times the control’s: ${factorText(clues, factor)}${othersText(clues)}`;
    },
  },
  {
    id: 'schedule-stands-still',
    means: 'The schedule no longer advances.',
    ...SCHEDULE,
    diagnose(clues) {
      const stalls = `the schedule no longer advances: its count does not change in ${clues.pairs.length} steps`;
      const [mine, theirs] = [
        clues.pairs.map(({ resumed }) => key(resumed)),
        clues.pairs.map(({ control }) => key(control)),
      ];
      // A count that restarts can end where it began. Then the learning rates change.
      const changes = new Set(mine).size > 1;
      if (
        scheduleCounts(clues).length === 0 &&
        clues.has('final-counters-differ') &&
        countStalls(clues) &&
        !changes
      )
        return comesRound(clues)
          ? `either the schedule no longer advances, or it restarts after the resume: its count is the same after ${clues.pairs.length} steps, and a new one would be too; a longer segment would tell`
          : stalls;
      if (!clues.has('learning-rate-differs') || new Set(mine).size > 1) return undefined;
      if (new Set(theirs).size < 2 && !countStalls(clues)) return undefined;
      const before = clues.evidence.control?.steps.find(({ step }) => step === clues.resume.from);
      const stays =
        mine[0] === theirs[0] || (before !== undefined && mine.length > 1 && mine[0] === key(before));
      if (!stays || countStalls(clues) === false) return undefined;
      const rates = [...new Set(learningRateOf(clues.pairs[0]!.resumed).map(figure))];
      return `the schedule no longer advances: the learning ${plural(rates.length, 'rate stays', 'rates stay')} ${enumerated(rates)} for ${mine.length} steps`;
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
      return `the schedule${whose(clues)} advances ${counted} times per step`;
    },
  },
  {
    id: 'schedule-wrong-shape',
    means:
      'The schedule has a different position, base learning rate, length, unit or formula, follows other values, or its rates reach the optimizer late.',
    ...SCHEDULE,
    diagnose(clues) {
      const found = clues.finding('learning-rate-differs');
      const rates = ratesThatDiffer(clues);
      if (found === undefined || rates === undefined || !scheduleDiffers(clues)) return undefined;
      const differ = `${rates.span}, the learning rates differ from the control’s (${insteadOf(found.seen, found.expected)})`;
      if (rates.isOver)
        return `${differ}: the schedule is right afterwards, so its rates reach the optimizer late, or something else sets them before`;
      return `${differ}: the schedule has a different ${countWasRestored(clues) ? '' : 'position, '}base rate, length, unit or formula, follows other values (a metric)${rises(clues) ? ', makes its warm-up again' : ''}, or its rates reach the optimizer late`;
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

export const SCHEDULE_CAUSES: readonly Cause[] = CAUSES.map((cause) => ({
  ...cause,
  diagnose: (clues) =>
    isIdle(clues) && ofKind(clues, 'schedule').length === 0 ? undefined : cause.diagnose(clues),
}));

/** Schedules, steps, data, accumulation and the loss scale: what is counted, and what follows from the count. */
import { counterKind, isRateName } from '../../trace/names.ts';
import type { TracedStep } from '../../trace/schema.ts';
import { nearlySame } from '../compare.ts';
import { figure, ofAll, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import {
  type Advance,
  advances,
  areFresh,
  type ChangedCounter,
  type Clues,
  counterNames,
  isLossScaled,
  updatesMade,
} from './clues.ts';
import { STILL } from './stale.ts';

const COUNTERS = 'counters-not-restored';
const SCHEDULE = {
  heads: [COUNTERS, 'rate-differs', 'applied-rate-differs', 'final-counters-differ'],
  explains: [
    'counter:schedule',
    'rate-differs',
    'applied-rate-differs',
    'rate-not-as-claimed',
    'final-counters-differ',
    ...STILL,
  ],
};

const STEP = {
  heads: [COUNTERS, 'step-differs'],
  explains: ['counter:step', 'step-differs', 'applied-differs', 'update-counts-differ'],
};
const LOSS_SCALE = {
  heads: [COUNTERS],
  explains: ['counter:loss-scale', 'applied-differs', 'gradients-differ', 'update-counts-differ'],
};

const ofKind = ({ counters }: Clues, kind: ChangedCounter['kind']): ChangedCounter[] =>
  counters.filter((counter) => counter.kind === kind);
const isCount = ({ saved }: ChangedCounter): boolean => Number.isSafeInteger(saved);

/** What a schedule counts, without the rates that it gives. */
const isScheduleCount = (name: string): boolean => counterKind(name) === 'schedule' && !isRateName(name);

const scheduleCounts = (clues: Clues): ChangedCounter[] =>
  ofKind(clues, 'schedule').filter(({ name }) => isScheduleCount(name));

/** By how much the schedule's own counts advanced after the resume; nothing where none is shown. */
const scheduleAdvances = (clues: Clues): Advance[] => advances(clues, isScheduleCount);

/** The schedule shows what it counts, and it came back: it neither began anew nor is it shifted. */
const countCameBack = (clues: Clues): boolean =>
  scheduleCounts(clues).length === 0 &&
  Object.keys(clues.resume.resumed?.counters ?? {}).some(isScheduleCount);

function countStandsStill(clues: Clues): boolean | undefined {
  const counts = scheduleAdvances(clues);
  if (counts.every(({ theirs }) => theirs === 0)) return undefined;
  return counts.every(({ mine }) => mine === 0);
}

const distance = ({ saved, resumed }: ChangedCounter): number =>
  typeof saved === 'number' && typeof resumed === 'number' ? resumed - saved : Number.NaN;

const rateOf = ({ claimed, rates }: TracedStep): readonly number[] => {
  const logged = Object.entries(claimed.learningRates).sort(([a], [b]) => (a < b ? -1 : 1));
  return logged.length > 0 ? logged.map(([, rate]) => rate) : rates.filter((rate) => rate !== null);
};
const key = (step: TracedStep): string => String(rateOf(step));

/** One step an update: in the window of an accumulation the rate stays. */
const applied = (steps: readonly TracedStep[]): readonly TracedStep[] =>
  steps.filter(({ claimed }) => claimed.applied);

interface Rates {
  readonly mine: readonly TracedStep[];
  /** Of the control from its first step on, and where in them the resume lies. */
  readonly theirs: readonly TracedStep[];
  readonly at: number;
}

function ratesOf({ resume, evidence, pairs }: Clues): Rates {
  const theirs = applied(evidence.control?.steps ?? []);
  const mine = applied(pairs.map(({ resumed }) => resumed));
  return { mine, theirs, at: theirs.filter(({ step }) => step <= resume.from).length };
}

/** Whether the rates are the control's with the j-th taken from `place(j)`; a place beyond its end says nothing. */
function follows({ mine, theirs }: Rates, place: (update: number) => number): boolean {
  const told = mine.filter((_, update) => theirs[place(update)] !== undefined);
  return (
    told.length > 0 &&
    told.length * 2 >= mine.length &&
    mine.every((step, update) => {
      const other = theirs[place(update)];
      return other === undefined || key(other) === key(step);
    })
  );
}

const SHIFTS = [-1, 1, -2, 2, -3, 3, -4, 4];

/** A constant factor between the rates and the control's, other than 1; rates are products in double precision. */
function baseFactor({ pairs }: Clues): number | undefined {
  const rates = pairs.flatMap(({ control, resumed }) => {
    const theirs = rateOf(control);
    return rateOf(resumed).map((rate, group) => [rate, theirs[group] ?? 0] as const);
  });
  const told = rates.filter(([, other]) => other !== 0);
  const [first] = told.map(([rate, other]) => rate / other);
  if (first === undefined || Math.abs(first - 1) <= 2 ** -48 || first === 0) return undefined;
  const same = told.every(([rate, other]) => Math.abs(rate / other / first - 1) <= 2 ** -48);
  return same && rates.every(([rate, other]) => other !== 0 || rate === 0) ? first : undefined;
}

const scheduleDiffers = (clues: Clues): boolean => {
  if (ofKind(clues, 'schedule').length > 0) return true;
  // Where other updates are made, the rates of each are still right.
  const rates = ratesOf(clues);
  return (
    clues.has('rate-differs') &&
    !(clues.has('applied-differs') && follows(rates, (update) => rates.at + update))
  );
};

export const SCHEDULE_CAUSES: readonly Cause[] = [
  {
    id: 'rate-zero',
    means: 'The learning rate is 0 in all of the resumed run.',
    heads: ['silent-no-op', COUNTERS, 'rate-differs', 'stalled-parameters'],
    explains: SCHEDULE.explains,
    diagnose(clues) {
      const mine = clues.pairs.flatMap(({ resumed }) => rateOf(resumed));
      const wanted = clues.pairs.flatMap(({ control }) => rateOf(control)).find((rate) => rate !== 0);
      if (mine.length === 0 || mine.some((rate) => rate !== 0)) return undefined;
      if (wanted === undefined || !scheduleDiffers(clues) || countStandsStill(clues)) return undefined;
      // One that is behind has not come to a rate yet.
      if (scheduleCounts(clues).some((count) => distance(count) < 0)) return undefined;
      return `the learning rate is 0 in all ${clues.pairs.length} steps, the control’s begins with ${figure(wanted)}: the schedule takes the run to be over, or its base rate to be 0`;
    },
  },
  {
    id: 'schedule-restarted',
    means: 'The schedule began anew.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!scheduleDiffers(clues) || countCameBack(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const rates = ratesOf(clues);
      if (counts.length > 0 ? !areFresh(counts) : rates.at === 0 || !follows(rates, (update) => update))
        return undefined;
      const [first] = counts;
      const told = first === undefined ? 'the learning rates are those of step 1 on' : counterNames(counts);
      return `the schedule began anew: ${told}`;
    },
  },
  {
    id: 'schedule-shifted',
    means: 'The schedule is some updates behind or ahead.',
    ...SCHEDULE,
    diagnose(clues) {
      if (!scheduleDiffers(clues) || countCameBack(clues)) return undefined;
      const counts = scheduleCounts(clues);
      const rates = ratesOf(clues);
      const by =
        counts.length > 0
          ? distance(counts[0]!)
          : SHIFTS.find((shift) => follows(rates, (update) => rates.at + update + shift));
      if (by === undefined || Number.isNaN(by)) return undefined;
      return `the schedule is ${Math.abs(by)} update${plural(Math.abs(by), '', 's')} ${by < 0 ? 'behind' : 'ahead'}${counts.length > 0 ? `: ${counterNames(counts)}` : ''}`;
    },
  },
  {
    id: 'schedule-wrong-base',
    means: 'The schedule goes on from another base rate.',
    ...SCHEDULE,
    diagnose(clues) {
      const base = ofKind(clues, 'schedule').filter(({ name }) => /base/i.test(name));
      if (base.length > 0) return `the schedule goes on from another base rate: ${counterNames(base)}`;
      const factor = scheduleDiffers(clues) ? baseFactor(clues) : undefined;
      if (factor === undefined || scheduleCounts(clues).length > 0) return undefined;
      return `every learning rate is ${figure(factor)} times the control’s: the schedule goes on from another base rate`;
    },
  },
  {
    id: 'schedule-stands-still',
    means: 'The schedule does not advance any more.',
    ...SCHEDULE,
    diagnose(clues) {
      const told = `the schedule does not advance any more: its count stands still in ${clues.pairs.length} steps`;
      if (scheduleCounts(clues).length === 0 && clues.has('final-counters-differ') && countStandsStill(clues))
        return told;
      const [mine, theirs] = [
        clues.pairs.map(({ resumed }) => key(resumed)),
        clues.pairs.map(({ control }) => key(control)),
      ];
      if (!clues.has('rate-differs') || new Set(mine).size > 1) return undefined;
      if (new Set(theirs).size < 2 && !countStandsStill(clues)) return undefined;
      if (mine[0] !== theirs[0] || countStandsStill(clues) === false) return undefined;
      return `the schedule does not advance any more: the rate stays ${figure(rateOf(clues.pairs[0]!.resumed)[0])} in ${mine.length} steps`;
    },
  },
  {
    id: 'schedule-runs-fast',
    means: 'The schedule advances several times a step.',
    ...SCHEDULE,
    diagnose(clues) {
      const rates = ratesOf(clues);
      const shows = clues.has('rate-differs') || clues.has('final-counters-differ');
      if (!shows || scheduleCounts(clues).length > 0) return undefined;
      // By its own count; else by its rates, as far as the control shows them.
      const several = rates.mine.length > 1;
      const counted =
        timesCounted(clues) ??
        [2, 3, 4].find(
          (times) =>
            several && clues.has('rate-differs') && follows(rates, (update) => rates.at + times * update),
        );
      if (counted === undefined) return undefined;
      return `the schedule advances ${counted} times in each step`;
    },
  },
  {
    id: 'schedule-wrong-shape',
    means: 'The schedule bends otherwise: another length, or another unit.',
    ...SCHEDULE,
    diagnose(clues) {
      const found = clues.finding('rate-differs');
      if (found === undefined || !scheduleDiffers(clues)) return undefined;
      return `the learning rates bend away from the control’s from step ${found.step} on (${found.seen} instead of ${found.expected}): the schedule has another length, unit or formula`;
    },
  },
];

/** How often the schedule's own count advanced for each time that the control's did, if that is more than once. */
function timesCounted(clues: Clues): number | undefined {
  if (updatesMade(clues, 'resumed') !== updatesMade(clues, 'control')) return undefined;
  const ratios = scheduleAdvances(clues).map(({ mine, theirs }) => mine / theirs);
  const [first] = ratios;
  const same = ratios.every((ratio) => ratio === first);
  return first !== undefined && Number.isInteger(first) && first > 1 && same ? first : undefined;
}

/** Where the data goes on. */
const DATA = {
  restarted: 'The data began anew.',
  rewound: 'The data goes on from an earlier place: some examples are seen twice.',
  skipped: 'The data goes on from a later place: some examples are never seen.',
  reshuffled: 'The data comes in another order.',
};

interface Place {
  readonly way: keyof typeof DATA;
  readonly told: string;
}

export const COUNTER_CAUSES: readonly Cause[] = [
  {
    id: 'accumulation-lost',
    means: 'Saved in mid-accumulation, the gradients gathered so far were dropped.',
    heads: ['gradients-not-restored'],
    explains: ['gradients-not-restored', 'gradients-differ'],
    diagnose(clues) {
      const { of, total } = clues.changed('gradient');
      if (of.length === 0) return undefined;
      const whose = ofAll(of.length, total, 'accumulated gradient');
      if (of.every(({ saved }) => saved === undefined)) {
        return `${whose} ${plural(of.length, 'is', 'are')} there, though none was saved: the next update is made of more micro-batches`;
      }
      return `${whose} did not come back: the run was saved in mid-accumulation, and the next update is made of other micro-batches`;
    },
  },
  {
    id: 'overflow-forever',
    means: 'Every step is taken for an overflow and skipped.',
    heads: ['applied-differs', 'silent-no-op'],
    explains: ['applied-differs', ...STILL, 'rate-differs', 'step-differs'],
    diagnose(clues) {
      if (!clues.has('applied-differs') || updatesMade(clues, 'resumed') > 0) return undefined;
      return `every step is skipped: the control makes ${updatesMade(clues, 'control')} updates in ${clues.pairs.length} steps, the resumed run none, as if each overflowed`;
    },
  },
  {
    id: 'update-skipped',
    means: 'An update is skipped that the control makes, as if its gradients had overflowed.',
    heads: ['applied-differs'],
    explains: [
      'applied-differs',
      'update-counts-differ',
      'rate-differs',
      'applied-rate-differs',
      'claim-contradicted',
      'final-counters-differ',
      ...STILL,
    ],
    diagnose(clues) {
      const { pairs, evidence, has } = clues;
      const first = pairs.find(({ control, resumed }) => control.claimed.applied !== resumed.claimed.applied);
      // Until then the two runs are the same, so that the gradients overflow in both or in neither.
      const same = pairs
        .filter(({ resumed }) => resumed.step <= (first?.resumed.step ?? 0))
        .every(
          ({ control, resumed }) =>
            evidence.noise.departing('loss', control, resumed).length === 0 &&
            evidence.noise.departing('gradientL2', control, resumed).length === 0,
        );
      if (first === undefined || first.resumed.claimed.applied || !same || has('counters-not-restored'))
        return undefined;
      if (!isLossScaled(clues)) return undefined;
      return `the update of step ${first.resumed.step} is skipped as if it had overflowed, though loss, gradients and loss scale are the control’s, which makes it`;
    },
  },
  {
    id: 'optimizer-step-reset',
    means: 'The optimizer’s step count, by which Adam corrects its bias, began at 0 with old slots.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const steps = ofKind(clues, 'optimizer');
      if (!areFresh(steps) || !steps.every(isCount)) return undefined;
      return `the optimizer’s step count began anew (${counterNames(steps)}) with slots that did not: the correction of its bias is that of the first updates`;
    },
  },
  {
    id: 'optimizer-step-changed',
    means: 'The optimizer’s step count is another.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const steps = ofKind(clues, 'optimizer');
      if (steps.length === 0 || !steps.every(isCount)) return undefined;
      return `the optimizer’s own count is another (${counterNames(steps)}): the correction of its bias is that of other updates`;
    },
  },
  {
    id: 'optimizer-numbers-changed',
    means: 'A number of the optimizer’s own, that is no count, did not come back, or was computed anew.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const those = ofKind(clues, 'optimizer').filter((one) => !isCount(one));
      if (those.length === 0) return undefined;
      const near = those.every(({ name, saved, resumed }) =>
        nearlySame({ name, saved: String(saved), resumed: String(resumed) }),
      );
      const how = near
        ? '; it agrees in its first digits only, and was computed anew in another way than the run arrives at it'
        : '';
      return `what the optimizer keeps besides its slots did not come back (${counterNames(those)})${how}`;
    },
  },
  {
    id: 'hyperparameters-changed',
    means:
      'Hyperparameters of the optimizer, such as weight decay, are the constructor’s, not the checkpoint’s.',
    heads: [COUNTERS],
    explains: ['counter:hyperparameter'],
    diagnose(clues) {
      const those = ofKind(clues, 'hyperparameter');
      if (those.length === 0) return undefined;
      return `hyperparameters of the optimizer are not what was saved: ${counterNames(those)}`;
    },
  },
  ...(Object.keys(DATA) as Place['way'][]).map(
    (way): Cause => ({
      id: `data-${way}`,
      means: DATA[way],
      heads: [COUNTERS, 'batches-differ'],
      explains: ['counter:data', 'batches-differ'],
      diagnose(clues) {
        const place = placeOf(clues);
        return place?.way === way ? place.told : undefined;
      },
    }),
  ),
  {
    id: 'step-reset',
    means: 'The trainer’s own step count began at 0.',
    ...STEP,
    diagnose(clues) {
      const steps = ofKind(clues, 'step');
      if (!areFresh(steps)) return undefined;
      return `the step count began anew: ${counterNames(steps)}`;
    },
  },
  {
    id: 'step-scaled',
    means: 'The trainer’s own step count is in another unit.',
    ...STEP,
    diagnose(clues) {
      const steps = ofKind(clues, 'step');
      const factors = new Set(steps.map(({ saved, resumed }) => Number(resumed) / Number(saved)));
      const [factor] = factors;
      if (
        factor === undefined ||
        factors.size > 1 ||
        !Number.isInteger(factor) ||
        factor < 2 ||
        steps.some(({ saved }) => Number(saved) < 2)
      )
        return undefined;
      return `the step count is ${factor} times what was saved (${counterNames(steps)}): multiplied by the micro-batches of an update, or counted in another unit`;
    },
  },
  {
    id: 'step-shifted',
    means: 'The trainer’s own step count is behind or ahead.',
    ...STEP,
    diagnose(clues) {
      const steps = ofKind(clues, 'step');
      const by = steps.map(distance);
      if (by.length === 0 || by.some(Number.isNaN)) return undefined;
      return `the step count is ${Math.abs(by[0]!)} ${by[0]! < 0 ? 'behind' : 'ahead'}: ${counterNames(steps)}`;
    },
  },
  {
    id: 'accumulation-phase',
    means: 'The window of micro-batches is longer, shorter or begins elsewhere: updates come at other steps.',
    heads: ['applied-differs'],
    explains: [
      'applied-differs',
      'update-counts-differ',
      'counter:accumulation',
      'rate-differs',
      'gradients-differ',
    ],
    diagnose(clues) {
      const found = clues.finding('applied-differs');
      if (found === undefined || isLossScaled(clues)) return undefined;
      return `updates come at other steps than the control’s from step ${found.step} on, ${updatesMade(clues, 'resumed')} instead of ${updatesMade(clues, 'control')} in ${clues.pairs.length} micro-batches: the window of the accumulation is longer, shorter or begins elsewhere`;
    },
  },
  {
    id: 'loss-scale-reset',
    means: 'The loss scale is back at its default.',
    ...LOSS_SCALE,
    diagnose(clues) {
      const scale = ofKind(clues, 'loss-scale');
      if (!areFresh(scale)) return undefined;
      return `the loss scaler began anew: ${counterNames(scale)}`;
    },
  },
  {
    id: 'loss-scale-changed',
    means: 'The loss scale is neither what was saved nor its default.',
    ...LOSS_SCALE,
    diagnose(clues) {
      const scale = ofKind(clues, 'loss-scale');
      if (scale.length === 0) return undefined;
      return `the loss scaler is not what was saved: ${counterNames(scale)}`;
    },
  },
  {
    id: 'optimizer-step-runs-fast',
    means: 'The optimizer’s own count came back, and advances otherwise than its updates.',
    heads: ['final-counters-differ', 'update-counts-differ'],
    explains: ['final-counters-differ', 'loss-differs', 'updates-differ'],
    diagnose(clues) {
      if (!clues.has('final-counters-differ') || ofKind(clues, 'optimizer').length > 0) return undefined;
      const { last, controlLast } = clues.resume;
      const [first] = advances(
        clues,
        (name) => counterKind(name) === 'optimizer' && last?.counters[name] !== controlLast?.counters[name],
      );
      const [updates, wanted] = [updatesMade(clues, 'resumed'), updatesMade(clues, 'control')];
      if (first === undefined || updates === 0 || wanted === 0) return undefined;
      const { name, mine, theirs } = first;
      if (mine / updates === theirs / wanted) return undefined;
      return `the optimizer’s own count came back, and then advances otherwise: '${name}' by ${mine} in ${updates} updates, in the control by ${theirs} in ${wanted}`;
    },
  },
  {
    id: 'counters-changed',
    means: 'Something that is counted did not come back.',
    heads: [COUNTERS],
    explains: ['counter:other'],
    diagnose(clues) {
      const those = ofKind(clues, 'other');
      if (those.length === 0) return undefined;
      return `what is counted did not come back: ${counterNames(those)}`;
    },
  },
];

/** Where in the control's examples the resumed run goes on. */
function placeOf(clues: Clues): Place | undefined {
  const { evidence, resume, pairs, initial } = clues;
  const counts = ofKind(clues, 'data');
  if (counts.length === 0 && !clues.has('batches-differ')) return undefined;
  const counted = counts.length > 0 ? `: ${counterNames(counts)}` : '';
  const batch = pairs[0]?.resumed.claimed.batch ?? [];
  const steps = evidence.control?.steps ?? [];
  const ids = steps.flatMap(({ claimed }) => claimed.batch);
  const here = steps
    .filter(({ step }) => step <= resume.from)
    .reduce((sum, { claimed }) => sum + claimed.batch.length, 0);
  const places = ids.flatMap((_, at) =>
    batch.length > 0 && batch.every((id, n) => ids[at + n] === id) ? [at] : [],
  );
  const moved = Object.entries(resume.saved?.counters ?? {}).filter(
    ([name, saved]) => counterKind(name) === 'data' && saved !== initial?.counters[name],
  );
  if (counts.length > 0 && counts.length >= moved.length && areFresh(counts))
    return { way: 'restarted', told: `the data began anew${counted}` };
  const wrong = clues.finding('batches-differ')?.step;
  if (counts.length === 0 && places.includes(here) && wrong !== undefined) {
    return {
      way: 'reshuffled',
      told: `the data comes in another order than the control’s from step ${wrong} on`,
    };
  }
  if (places.includes(0) && here > 0)
    return { way: 'restarted', told: 'the data began anew: the first batch is the control’s first' };
  const [place] = places.toSorted((a, b) => Math.abs(a - here) - Math.abs(b - here));
  if (place !== undefined && place < here) {
    return {
      way: 'rewound',
      told: `the data goes on ${here - place} examples too early, which are seen twice${counted}`,
    };
  }
  if (place !== undefined && place > here) {
    return {
      way: 'skipped',
      told: `the data goes on ${place - here} examples too late, which are never seen${counted}`,
    };
  }
  const order =
    place === undefined
      ? 'the data comes in another order than the control’s'
      : 'the place in the data is another';
  return { way: 'reshuffled', told: `${order}${counted}` };
}

/** What a parting in each stage is due to, given what is equal before it. */

import { isLearningRateName } from '../../trace/names.ts';
import type { StateRecord, TracedStep } from '../../trace/schema.ts';
import { figure, insteadOf, listed, plural } from '../words.ts';
import { areGradientsEqual, cutWindow, isFirstUpdateOfParted } from './between.ts';
import { areSlotsInStates, type Parting } from './first.ts';
import type { Form } from './form.ts';
import { olderRate } from './older-rate.ts';
import { mayDiffer, replacedText } from './replaced.ts';
import { look, type Stage } from './stages.ts';
import { HIDDEN, whetherUpdated } from './whether-updated.ts';

/** What the stage is computed from, as far as other stages show it. */
export const INPUTS: Readonly<Record<Stage, readonly Stage[]>> = {
  batch: [],
  random: ['batch'],
  loss: ['batch', 'parameter', 'buffer', 'random'],
  gradient: ['loss', 'batch'],
  accumulated: ['gradient'],
  made: ['loss', 'gradient'],
  clipped: ['gradient', 'accumulated'],
  'learning-rate': ['loss', 'gradient'],
  'logged-learning-rate': ['learning-rate'],
  slot: ['clipped', 'learning-rate'],
  writes: ['gradient', 'learning-rate'],
  update: ['gradient', 'clipped', 'learning-rate', 'slot'],
  parameter: ['update'],
  buffer: ['batch', 'loss'],
  ema: ['parameter'],
  counter: [],
  sample: ['parameter', 'ema', 'buffer'],
};

/** What shows an input as well, if the input itself is not seen: the nearest stage before it that is. */
export const INSTEAD: Readonly<Partial<Record<Stage, readonly Stage[]>>> = {
  gradient: ['loss'],
  clipped: ['gradient', 'loss'],
  'learning-rate': ['logged-learning-rate'],
};

/** An input that is not seen is a suspect too. Random state is named where it matters. */
export const isSuspectIfUnseen = (stage: Stage): boolean =>
  stage === 'batch' || stage === 'gradient' || stage === 'learning-rate' || stage === 'slot';

/** What a stage points to. */
interface Suspicion {
  readonly text: string;
  /** The stages that are not observed and that the text names. */
  readonly names: readonly Stage[];
  /** Whether the step replaces the parameters that were equal before it. */
  readonly replaces?: true;
}

type Suspects = (parting: Parting, form: Form) => string | Suspicion;

/** `a`, `a, or b`, `a, b, or c`. */
const oneOf = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')}, or ${texts.at(-1)}`;

const SCHEDULE = `the schedule, its base rate, or what drives it is not restored, or not observed, or its rate reaches the optimizer late; ${HIDDEN}`;

/** Steps tell the ids of the examples, and not what is in them. */
const OTHER_DATA = ', or other data under the same ids (a data set, an environment, a curriculum)';

const SUSPECTS: Readonly<Record<Stage, Suspects>> = {
  batch: () => `what selects the examples is not restored, or not observed; ${HIDDEN}`,
  random: () =>
    'the generators draw more, fewer or other numbers than in the control, or are seeded or put back in this step',
  loss(parting) {
    const reset = resetInStep(parting);
    if (reset !== undefined) return reset;
    const more = advancesOtherwise(parting);
    if (more !== undefined)
      return `in this step, '${more.name}' advances by ${insteadOf(more.mine, more.theirs)}, so the step does more or less work than the control’s`;
    const others = trainsAlone(parting) ?? updatesOthers(parting);
    if (others !== undefined) return others;
    const replaced = replacedText(parting);
    if (replaced !== undefined) return { text: replaced, names: [], replaces: true };
    const moved = mayDiffer(parting)
      ? ', or parameters that the step first changes (replaces, averages, rounds)'
      : '';
    const direction = !isFirstUpdate(parting)
      ? ', unless the parameters differ in what norms do not show (a sign, an order of values)'
      : '';
    const draws = parting.isEqual('random') === undefined ? 'a random generator, ' : '';
    const own = statisticsThatPart(parting);
    const statistics =
      own.length === 0
        ? ''
        : `, or what updates ${listed(own)} in this step, which ${plural(own.length, 'ends', 'end')} it differently too, is not restored (a count, a momentum)`;
    const data = parting.isEqual('batch') === true ? OTHER_DATA : '';
    return `the loss reads state that is not observed (${draws}a coefficient, a target network, a normaliser …)${data}${moved}${statistics}${direction}; ${HIDDEN}`;
  },
  gradient(parting, form) {
    const cut = windowText(parting, 'the backward pass');
    if (cut !== undefined) return cut;
    return form.kind === 'factor' && form.of > 1
      ? 'the loss is scaled differently after it is logged, or its gradients are averaged over another number of micro-batches or workers'
      : 'the backward pass adds, drops, keeps or rounds something: gradients of earlier steps, a penalty, a hook, a detached part';
  },
  accumulated: () =>
    'the gradients of earlier micro-batches are lost, kept too long, or weighted differently',
  made: () =>
    `what decides whether to update (early stopping, a loss scaler, a count of micro-batches …) reads state that is not observed; ${HIDDEN}`,
  clipped(parting) {
    const sum = parting.isEqual('gradient') === true ? '' : 'accumulated, ';
    return `gradients are ${sum}clipped, unscaled, averaged or compressed differently`;
  },
  'learning-rate': () => SCHEDULE,
  'logged-learning-rate': ({ isEqual }) =>
    isEqual('learning-rate') === true
      ? 'the logged learning rate is read from elsewhere than the one that updates use'
      : SCHEDULE,
  slot(parting, form) {
    const decided = whetherUpdated(parting, 'slot');
    if (decided !== undefined) return decided;
    const cut = windowText(parting, 'the optimizer’s own state');
    if (cut !== undefined) return { text: cut, names: ['gradient'] };
    const gap = gradientsText(parting);
    const sign =
      form.kind === 'opposite' ? ['the sign of the gradients or of the slots, which norms do not show'] : [];
    return { text: oneOf([...gap.text, ...sign, ownText(parting, [])]), names: gap.names };
  },
  writes: () => 'the optimizer skips parameters, or updates them more than once',
  update(parting, form) {
    if (form.kind === 'zero' || form.kind === 'absent') return unmovedText(parting);
    const { sight, isEqual } = parting;
    if (sight.parted.every(({ mine, theirs }) => theirs[0] === 0 && mine[0] !== 0))
      return `${plural(sight.parted.length, 'it is', 'they are')} updated, though not in the control: what freezes or skips parameters there is not restored, or not observed; ${HIDDEN}`;
    const cut = windowText(parting, 'the optimizer’s own state');
    if (cut !== undefined) return { text: cut, names: ['gradient'] };
    const gap = gradientsText(parting);
    const slots = isEqual('slot') === undefined ? ['slots'] : [];
    // What two states record of slots is said where it is said what is not observed.
    const unnamed: Stage[] = slots.length > 0 && !areSlotsInStates(parting) ? ['slot'] : [];
    // The ratio of two norms is a factor, and tells nothing.
    const isCommon = form.kind === 'factor' && form.of > 1;
    if (form.kind === 'factor' && isEqual('learning-rate') === undefined) {
      const older = olderRate(parting, form.factor);
      if (older !== '')
        return {
          text: `the learning rate inside the updates, which is not observed${older}`,
          names: ['learning-rate'],
        };
      if (isCommon)
        return {
          text: `${oneOf([
            'the learning rate inside the updates',
            ...(gap.names.length === 0 || gap.text.length === 0 ? [] : ['the scale of the gradients']),
            ...(slots.length === 0 ? [] : ['the slots of the optimizer']),
            `${slots.length === 0 ? 'the optimizer’s' : 'its'} step count`,
          ])}, which are not observed`,
          names: ['learning-rate', ...gap.names, ...unnamed],
        };
    }
    const own = ownText(parting, [...slots, ...(isCommon ? [] : ['a copy of the parameters'])]);
    const after =
      isCommon || !isFirstUpdateOfParted(parting)
        ? []
        : ['what changes the parameters after the update (a mask, a limit, a projection)'];
    return { text: oneOf([...gap.text, own, ...after]), names: [...gap.names, ...unnamed] };
  },
  parameter: () =>
    'the updates have the same length but another direction, such as the opposite sign or another order of values, or something else writes to the parameters',
  buffer: (parting) =>
    whetherUpdated(parting, 'buffer') ??
    'the buffers are updated differently: with another momentum or count, twice, in other steps, or from other values',
  ema: (parting) =>
    whetherUpdated(parting, 'ema') ??
    'the EMA is updated with a different decay, another number of times, or from other parameters',
  counter: ({ sight }) =>
    sight.parted.every(({ name }) => isLearningRateName(name))
      ? 'the schedule has a different position, base rate, length, unit or formula, or sets the learning rate of another optimizer'
      : `what it counts by (a metric, a best value, a position …) reads state that is not observed; ${HIDDEN}`,
  sample: () =>
    `the sampler reads something else: a copy of parameters, or state that is not observed; ${HIDDEN}`,
};

const isFirstUpdate = ({ pairs, at }: Parting): boolean =>
  !pairs.slice(0, at).some(({ control }) => control.changed.includes(true));

export function suspectsOf(parting: Parting, form: Form): Suspicion {
  const suspects = SUSPECTS[parting.stage](parting, form);
  return typeof suspects === 'string' ? { text: suspects, names: [] } : suspects;
}

/** What is between the loss and the gradients that the update uses, as far as it is not seen to be equal. */
function gradientsText(parting: Parting): {
  readonly text: readonly string[];
  readonly names: readonly Stage[];
} {
  if (areGradientsEqual(parting)) return { text: [], names: ['gradient'] };
  // They are sums over all micro-batches since the last update.
  return parting.isEqual('gradient') === true
    ? { text: ['what is done to gradients (averaging, compression, clipping)'], names: [] }
    : {
        text: [
          'the gradients, which are not observed, or what is done to them (accumulation, averaging, compression, clipping)',
        ],
        names: ['gradient'],
      };
}

/** What the optimizer has of its own. Constants act in every update, so they would have shown in the first. */
const ownText = (parting: Parting, more: readonly string[]): string =>
  parting.at < 0 || isFirstUpdateOfParted(parting)
    ? `the optimizer’s own state (${['hyperparameters', 'step count', ...more].join(', ')} …)`
    : 'something that first acts in this step, such as a period that the optimizer counts (lookahead, averaging), or a copy that it then reads';

/** What a save within an accumulation window points to; undefined if it was not within one, or gradients are equal. */
function windowText(parting: Parting, other: string): string | undefined {
  const cut = cutWindow(parting);
  if (cut === undefined || (parting.stage !== 'gradient' && areGradientsEqual(parting))) return undefined;
  if (parting.stage !== 'gradient' && parting.isEqual('gradient') === true) return undefined;
  return `the run was saved in mid-accumulation (${cut.since} ${plural(cut.since, 'step', 'steps')} after an update, with one every ${cut.every} steps), and this is the first update since: the gradients accumulated by then were not restored, unless ${other}, or something else that is done to gradients, differs`;
}

/** Why an update leaves parameters as they are, as far as nothing that is seen rules it out. */
function unmovedText(parting: Parting): Suspicion {
  const [rate, gradients] = [parting.isEqual('learning-rate'), areGradientsEqual(parting)];
  const text = oneOf([
    'the optimizer skips these parameters',
    ...(gradients || parting.isEqual('gradient') === true ? [] : ['their gradients are zero']),
    ...(rate === true ? [] : ['their learning rate is 0']),
    'the updates are undone',
  ]);
  return { text, names: [] };
}

/** What is to blame if only one of the two runs trains in the step; undefined if both do, or neither. */
function trainsAlone({ pairs, at, control }: Parting): string | undefined {
  const pair = pairs[at];
  if (pair === undefined) return undefined;
  const trains = ({ changed }: TracedStep): boolean => changed.includes(true);
  if (trains(pair.control) === trains(pair.resumed)) return undefined;
  const side = trains(pair.control) ? 'resumed' : 'control';
  const forGood = !pairs.slice(at).some((other) => trains(other[side]));
  const own = pair[side];
  const before = pairs[at - 1]?.[side] ?? control.find(({ step }) => step === own.step - 1);
  // A step that reads no batch, or has the loss of the step before, computes none.
  const isIdle =
    before !== undefined &&
    ((own.claimed.batch.length === 0 && before.claimed.batch.length > 0) ||
      own.claimed.loss === before.claimed.loss);
  const [idle, other] = side === 'control' ? ['control', 'resumed run'] : ['resumed run', 'control'];
  const what = forGood
    ? 'early stopping, its patience, a budget, a freeze …'
    : 'a period, a loss scaler, a stop …';
  return `the ${idle} makes no update ${forGood ? 'from this step on' : 'in this step'}, though the ${other} does: what stops or skips training (${what}) reads state that is not observed${isIdle ? '' : ', unless that follows from the loss'}; ${HIDDEN}`;
}

/** What was equal before the step, and begins anew in it: a count that falls, though it rises in the control. */
function resetInStep(parting: Parting): string | undefined {
  const { pairs, at } = parting;
  const pair = pairs[at];
  const [theirs, mine] = countersBefore(parting);
  const fallen = Object.entries(pair?.resumed.counters ?? {}).filter(([name, now]) => {
    const [from, due] = [mine[name], pair?.control.counters?.[name]];
    if (![now, from, due].every((value) => typeof value === 'number') || from !== theirs[name]) return false;
    return Number(now) < Number(from) && Number(due) > Number(from);
  });
  const [first] = fallen;
  if (first === undefined) return undefined;
  const [name, now] = first;
  const own = statisticsThatPart(parting);
  const statistics =
    own.length === 0 ? '' : `, and ${listed(own)} ${plural(own.length, 'ends', 'end')} it differently too`;
  return `in this step, '${name}' falls from ${figure(Number(mine[name]))} to ${figure(Number(now))}, though it rises to ${figure(Number(pair!.control.counters![name]))} in the control${statistics}: what was restored is initialised again in the step`;
}

/** The counters before the step, of the control and of the resumed run. */
function countersBefore({ pairs, at, resume }: Parting) {
  const before =
    at === 0 ? [resume.controlFirst, resume.resumed] : [pairs[at - 1]?.control, pairs[at - 1]?.resumed];
  return before.map((one) => one?.counters ?? {}) as [
    NonNullable<StateRecord['counters']>,
    NonNullable<StateRecord['counters']>,
  ];
}

/**
 * A whole number that was equal before the step, and that both runs count up in it, by different amounts. A count that
 * one run does not advance can follow from the loss, as patience does.
 */
function advancesOtherwise(parting: Parting) {
  const pair = parting.pairs[parting.at];
  const [theirs, mine] = countersBefore(parting);
  for (const [name, now] of Object.entries(pair?.resumed.counters ?? {})) {
    const [from, due] = [mine[name], pair?.control.counters?.[name]];
    if (![now, from, due, theirs[name]].every(Number.isInteger) || from !== theirs[name]) continue;
    const advance = { name, mine: Number(now) - Number(from), theirs: Number(due) - Number(from) };
    if (advance.mine > 0 && advance.theirs > 0 && advance.mine !== advance.theirs) return advance;
  }
  return undefined;
}

/** What the step updates in only one of the two runs, and what that points to; undefined if there is nothing. */
function updatesOthers({ pairs, at }: Parting): string | undefined {
  const pair = pairs[at];
  if (pair === undefined) return undefined;
  const moved = ({ names, changed }: typeof pair.control): string[] =>
    names.filter((_, place) => changed[place]);
  const [mine, theirs] = [moved(pair.resumed), moved(pair.control)];
  const only = mine.filter((name) => !theirs.includes(name));
  const missed = theirs.filter((name) => !mine.includes(name));
  if (only.length === 0) return undefined;
  const instead =
    missed.length === 0 ? '' : `, and ${listed(missed)} ${plural(missed.length, 'is', 'are')} not`;
  return `in this step, ${listed(only)} ${plural(only.length, 'is', 'are')} updated, though not in the control${instead}: what chooses the parameters or the task that a step trains (a phase, a turn, an alternation) reads state that is not observed; ${HIDDEN}`;
}

/** Buffers that end the step differently, other than copies of parameters, which differ after any other update. */
function statisticsThatPart({ pairs, at, noise, isEqual }: Parting): string[] {
  const pair = pairs[at];
  if (pair === undefined || isEqual('buffer') !== true) return [];
  const isCopy = (name: string): boolean => pair.control.names.some((parameter) => name.endsWith(parameter));
  const parted = look('buffer', pair, noise)?.parted ?? [];
  return parted.map(({ name }) => name).filter((name) => !isCopy(name));
}

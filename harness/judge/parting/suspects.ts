/** What a parting in each stage is due to, given what is equal before it. */

import { isLearningRateName } from '../../trace/names.ts';
import type { StateRecord } from '../../trace/schema.ts';
import { figure, insteadOf, listed, plural } from '../words.ts';
import type { Parting } from './first.ts';
import type { Form } from './form.ts';
import { olderRate } from './older-rate.ts';
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

/** What shows an input as well, if the input itself is not seen. */
export const INSTEAD: Readonly<Partial<Record<Stage, Stage>>> = {
  gradient: 'loss',
  'learning-rate': 'logged-learning-rate',
};

/** An input that is not seen is a suspect too. Random state is named where it matters. */
export const isSuspectIfUnseen = (stage: Stage): boolean =>
  stage === 'batch' || stage === 'gradient' || stage === 'learning-rate' || stage === 'slot';

type Suspects = (parting: Parting, form: Form) => string;

const SUSPECTS: Readonly<Record<Stage, Suspects>> = {
  batch: () => `what selects the examples is not restored, or not observed; ${HIDDEN}`,
  random: () => 'the generators draw more, fewer or other numbers than in the control',
  loss(parting) {
    const reset = resetInStep(parting);
    if (reset !== undefined) return reset;
    const more = advancesOtherwise(parting);
    if (more !== undefined)
      return `in this step, '${more.name}' advances by ${insteadOf(more.mine, more.theirs)}, so the step does more or less work than the control’s`;
    const others = updatesOthers(parting);
    if (others !== undefined) return others;
    const direction = !isFirstUpdate(parting)
      ? ', unless the parameters differ in what norms do not show (a sign, an order of values)'
      : '';
    const draws = parting.isEqual('random') === undefined ? 'a random generator, ' : '';
    const own = statisticsThatPart(parting);
    const statistics =
      own.length === 0
        ? ''
        : `, or what updates ${listed(own)} in this step, which ${plural(own.length, 'ends', 'end')} it differently too, is not restored (a count, a momentum)`;
    return `the loss reads state that is not observed (${draws}a coefficient, a target network, a normaliser …)${statistics}${direction}; ${HIDDEN}`;
  },
  gradient: (_, form) =>
    form.kind === 'factor'
      ? 'the loss is scaled after it is logged'
      : 'the backward pass adds, drops or keeps something: gradients of earlier steps, a penalty, a hook, a detached part',
  accumulated: () => 'gradients are accumulated over other micro-batches, or not cleared',
  made: () =>
    `what decides whether to update (early stopping, a loss scaler, a count of micro-batches …) reads state that is not observed; ${HIDDEN}`,
  clipped: () => 'gradients are clipped, unscaled or averaged differently',
  'learning-rate': () => `the schedule, or what drives it, reads state that is not observed; ${HIDDEN}`,
  'logged-learning-rate': () =>
    'the logged learning rate is read from elsewhere than the one that updates use',
  slot: (parting, form) =>
    whetherUpdated(parting, 'slot') ??
    (form.kind === 'factor'
      ? 'the optimizer’s own hyperparameters, or its step count'
      : 'the optimizer’s own hyperparameters'),
  writes: () => 'the optimizer skips parameters, or updates them more than once',
  update(parting, form) {
    if (form.kind === 'zero' || form.kind === 'absent')
      return 'the optimizer skips these parameters, or the updates are undone';
    if (form.kind === 'factor' && parting.isEqual('learning-rate') === undefined) {
      const older = olderRate(parting, form.factor);
      return older === '' && parting.isEqual('slot') === undefined
        ? 'the learning rate inside the updates, the slots of the optimizer or its step count, which are not observed'
        : `the learning rate inside the updates, which is not observed${older}`;
    }
    // Hyperparameters act in every update, so they would have shown in the first.
    return isFirstUpdate(parting)
      ? `the optimizer’s own hyperparameters or step count${form.kind === 'factor' ? '' : ', or what changes the parameters after the update (a mask, a limit, a projection)'}`
      : 'something that first acts in this step, such as a period that the optimizer counts (lookahead, averaging), or a copy that it then reads';
  },
  parameter: () =>
    'the updates have the same length but another direction, such as the opposite sign or another order of values',
  buffer: (parting) =>
    whetherUpdated(parting, 'buffer') ??
    'the buffers are updated differently: with another momentum, twice, or from other batches',
  ema: (parting) =>
    whetherUpdated(parting, 'ema') ??
    'the EMA is updated with a different decay, another number of times, or from other parameters',
  counter: ({ sight }) =>
    sight.parted.every(({ name }) => isLearningRateName(name))
      ? 'the schedule has a different length, unit or formula, or sets the learning rate of another optimizer'
      : `what it counts by (a metric, a best value, a position …) reads state that is not observed; ${HIDDEN}`,
  sample: () =>
    `the sampler reads something else: a copy of parameters, or state that is not observed; ${HIDDEN}`,
};

const isFirstUpdate = ({ pairs, at }: Parting): boolean =>
  !pairs.slice(0, at).some(({ control }) => control.changed.includes(true));

export const suspectsOf = (parting: Parting, form: Form): string => SUSPECTS[parting.stage](parting, form);

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

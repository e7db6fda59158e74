/** Step counts, gradient accumulation and the loss scale. */
import { counterKind } from '../../trace/names.ts';
import { nearlySame } from '../compare.ts';
import { spanText } from '../spans.ts';
import { insteadOf, plural, valuesApart, whichOf } from '../words.ts';
import type { Cause } from './cause.ts';
import {
  advances,
  areFresh,
  type ChangedCounter,
  type Clues,
  COUNTERS,
  counterNames,
  distance,
  isLossScaled,
  ofKind,
  updatesMade,
} from './clues.ts';
import { DATA_CAUSES } from './data.ts';
import { isScheduled } from './hyperparameters.ts';
import { OLDER_COUNTERS } from './older-counters.ts';
import { STILL } from './stale.ts';

const STEP = {
  heads: [COUNTERS, 'step-differs'],
  explains: ['counter:step', 'step-differs', 'applied-differs', 'update-counts-differ'],
};

const LOSS_SCALE = {
  heads: [COUNTERS],
  explains: ['counter:loss-scale', 'applied-differs', 'gradients-differ', 'update-counts-differ'],
};

/**
 * Whether the control accumulates gradients before a step: it holds some between updates and has made a step without one,
 * counts micro-batches, or updates at every n-th step only.
 */
function accumulates({ evidence, resume }: Clues, before: number): boolean {
  const { control } = evidence;
  const holds = (control?.states ?? []).some(({ tensors }) =>
    tensors.some(({ kind }) => kind === 'gradient'),
  );
  if (holds && control?.steps.some(({ step, claimed }) => step < before && !claimed.applied)) return true;
  if (Object.keys(resume.saved?.counters ?? {}).some((name) => counterKind(name) === 'accumulation'))
    return true;
  const updated = control?.steps.filter(({ claimed }) => claimed.applied).map(({ step }) => step) ?? [];
  const gaps = new Set(updated.slice(1).map((step, at) => step - updated[at]!));
  return gaps.size === 1 && !gaps.has(1);
}

/** A wrong bias correction shows in the first update; a count of something else may not. Another rate explains it, too. */
function firstUpdateDiffers({ pairs, evidence }: Clues): boolean {
  const first = pairs.find(({ control }) => control.changed.includes(true));
  return (
    first !== undefined &&
    String(first.control.learningRates) === String(first.resumed.learningRates) &&
    evidence.noise.departing('updateL2', first.control, first.resumed).length > 0
  );
}

function laterUpdates(clues: Clues): string {
  const rates = clues.finding('applied-learning-rate-differs')?.step;
  if (typeof rates === 'number') return `; the learning rates of the updates first differ in step ${rates}`;
  const step = clues.finding('updates-differ')?.step;
  return typeof step !== 'number' || firstUpdateDiffers(clues)
    ? ''
    : `; the updates first differ in step ${step}`;
}

/** In which steps only one of the two runs makes an update. */
const whenApplied = ({ pairs }: Clues): string =>
  spanText(
    pairs
      .filter(({ control, resumed }) => control.claimed.applied !== resumed.claimed.applied)
      .map(({ resumed }) => resumed.step),
    pairs.map(({ resumed }) => resumed.step),
  );

/** Values of the loss scaler that had changed since the start of the run, and were restored. */
function restoredOfScaler({ resume, initial, counters }: Clues): string[] {
  const lost = new Set(counters.map(({ name }) => name));
  return Object.entries(resume.saved?.counters ?? {})
    .filter(
      ([name, saved]) =>
        counterKind(name) === 'loss-scale' && !lost.has(name) && saved !== initial?.counters[name],
    )
    .map(([name]) => name);
}

/** What may drive values that the control changes, as text; empty if it changes none of them. */
function drivenText({ evidence }: Clues, those: readonly ChangedCounter[]): string {
  const driven = those.filter(({ name }) => isScheduled(evidence, name)).length;
  if (driven === 0) return '';
  const it = driven === those.length ? plural(driven, 'it', 'them') : `${driven} of them`;
  return `; the control changes ${it} during the run, so what drives ${plural(driven, 'it', 'them')} (a schedule, a count) may not be where it was`;
}

const isCount = ({ saved }: ChangedCounter): boolean => Number.isSafeInteger(saved);

export const COUNTER_CAUSES: readonly Cause[] = [
  OLDER_COUNTERS,
  {
    id: 'accumulation-lost',
    means: 'The run was saved mid-accumulation, and the gradients accumulated so far were dropped.',
    heads: ['gradients-not-restored'],
    explains: ['gradients-not-restored', 'gradients-differ'],
    diagnose(clues) {
      const { of, total } = clues.changed('gradient');
      if (of.length === 0) return undefined;
      const whose = whichOf(of, total, 'accumulated gradient');
      if (of.every(({ saved }) => saved === undefined)) {
        return `${whose} ${plural(of.length, 'is', 'are')} present, though none was saved: the next update includes extra micro-batches`;
      }
      return `${whose} ${plural(of.length, 'was', 'were')} not restored: the run was saved mid-accumulation, so the next update uses different micro-batches`;
    },
  },
  {
    id: 'overflow-forever',
    means: 'Every step is skipped, as if it had overflowed or the run had stopped.',
    heads: ['applied-differs', 'silent-no-op'],
    explains: ['applied-differs', ...STILL, 'learning-rate-differs', 'step-differs'],
    diagnose(clues) {
      if (!clues.has('applied-differs') || updatesMade(clues, 'resumed') > 0) return undefined;
      if (!isLossScaled(clues))
        return `every step is skipped: the control makes ${updatesMade(clues, 'control')} updates in ${clues.pairs.length} steps, and the resumed run makes none: what stops or skips training (early stopping, a budget, a loss scaler …) is not restored, or not observed`;
      return `every step is skipped as if it had overflowed: the control makes ${updatesMade(clues, 'control')} updates in ${clues.pairs.length} steps, and the resumed run makes none`;
    },
  },
  {
    id: 'update-skipped',
    means: 'An update that the control makes is skipped, as if its gradients had overflowed.',
    heads: ['applied-differs'],
    explains: [
      'applied-differs',
      'update-counts-differ',
      'learning-rate-differs',
      'applied-learning-rate-differs',
      'claim-contradicted',
      'final-counters-differ',
      ...STILL,
    ],
    diagnose(clues) {
      const { pairs, evidence, has } = clues;
      const first = pairs.find(({ control, resumed }) => control.claimed.applied !== resumed.claimed.applied);
      // Up to that step the two runs are the same, so the gradients overflow in both or in neither.
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
      return `the update of step ${first.resumed.step} is skipped as if it had overflowed, but the control makes it with the same loss, gradients and loss scale`;
    },
  },
  {
    id: 'optimizer-step-reset',
    means:
      'The optimizer’s step count restarted at 0, so Adam’s bias correction restarted too. The slots did not.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const steps = ofKind(clues, 'optimizer');
      if (!areFresh(steps) || !steps.every(isCount)) return undefined;
      return `${firstUpdateDiffers(clues) ? 'the optimizer’s step count' : 'a count of the optimizer'} restarted (${counterNames(steps)})${firstUpdateDiffers(clues) ? ', so its bias correction restarted too' : ''}, but its slots did not${laterUpdates(clues)}`;
    },
  },
  {
    id: 'optimizer-step-changed',
    means: 'The optimizer’s step count differs from the saved one.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const steps = ofKind(clues, 'optimizer');
      if (steps.length === 0 || !steps.every(isCount)) return undefined;
      return `${firstUpdateDiffers(clues) ? 'the optimizer’s step count' : 'a count of the optimizer'} differs from the saved one (${counterNames(steps)})${firstUpdateDiffers(clues) ? ', so its bias correction is wrong' : ''}${laterUpdates(clues)}`;
    },
  },
  {
    id: 'optimizer-numbers-changed',
    means: 'An optimizer value that is not a counter was not restored, or was recomputed.',
    heads: [COUNTERS],
    explains: ['counter:optimizer'],
    diagnose(clues) {
      const those = ofKind(clues, 'optimizer').filter((one) => !isCount(one));
      if (those.length === 0) return undefined;
      const near = those.every(({ name, saved, resumed }) => nearlySame({ name, saved, resumed }));
      const how = near
        ? `; only the last digits differ: ${plural(those.length, 'it was', 'they were')} recomputed in a different way than during training`
        : '';
      return `${plural(those.length, 'an optimizer value that is not a slot was', 'optimizer values that are not slots were')} not restored (${counterNames(those)})${how}`;
    },
  },
  {
    id: 'hyperparameters-changed',
    means:
      'Optimizer hyperparameters, such as weight decay, are not those that were saved: they are the constructor’s, or are set by something that was not restored.',
    heads: [COUNTERS],
    explains: ['counter:hyperparameter'],
    diagnose(clues) {
      const those = ofKind(clues, 'hyperparameter');
      if (those.length === 0) return undefined;
      return `optimizer hyperparameters differ from the saved ones: ${counterNames(those)}${drivenText(clues, those)}`;
    },
  },
  ...DATA_CAUSES,
  {
    id: 'step-reset',
    means: 'The trainer’s step count restarted at 0.',
    ...STEP,
    diagnose(clues) {
      const steps = ofKind(clues, 'step');
      if (!areFresh(steps)) return undefined;
      return `the step count restarted: ${counterNames(steps)}`;
    },
  },
  {
    id: 'step-scaled',
    means: 'The trainer’s step count is in a different unit.',
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
      return `the step count is ${factor} times the saved one (${counterNames(steps)}): it was multiplied by the micro-batches per update, or counts in a different unit`;
    },
  },
  {
    id: 'step-shifted',
    means: 'The trainer’s step count is behind or ahead of the saved one.',
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
    means: 'The accumulation window is longer, shorter or shifted, so updates are made at different steps.',
    heads: ['applied-differs'],
    explains: [
      'applied-differs',
      'update-counts-differ',
      'counter:accumulation',
      'learning-rate-differs',
      'gradients-differ',
    ],
    diagnose(clues) {
      const found = clues.finding('applied-differs');
      if (found === undefined || isLossScaled(clues) || !accumulates(clues, found.step!)) return undefined;
      return `${whenApplied(clues)}, updates are made at different steps than in the control (${insteadOf(updatesMade(clues, 'resumed'), updatesMade(clues, 'control'))} over ${clues.pairs.length} micro-batches): the accumulation window is longer, shorter or shifted`;
    },
  },
  {
    id: 'loss-scale-reset',
    means: 'The loss scale was reset to its default.',
    ...LOSS_SCALE,
    diagnose(clues) {
      const scale = ofKind(clues, 'loss-scale');
      if (!areFresh(scale) || restoredOfScaler(clues).length > 0) return undefined;
      return `the loss scale was reset: ${counterNames(scale)}`;
    },
  },
  {
    id: 'loss-scale-changed',
    means: 'A value of the loss scaler is not the saved one, and not all of them have their defaults.',
    ...LOSS_SCALE,
    diagnose(clues) {
      const scale = ofKind(clues, 'loss-scale');
      if (scale.length === 0) return undefined;
      if (restoredOfScaler(clues).length > 0 && scale.every(({ name }) => /[./_]/.test(name)))
        return `the loss scale was restored, but ${counterNames(scale)}: it changes at other steps than the control’s`;
      return `the loss scale differs from the saved one: ${counterNames(scale)}`;
    },
  },
  {
    id: 'optimizer-step-runs-fast',
    means: 'The optimizer’s step count was restored but advances at a different rate than its updates.',
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
      return `the optimizer’s step count was restored but then advances at a different rate: '${name}' by ${valuesApart(mine, theirs)[0]} in ${updates} updates, and by ${valuesApart(mine, theirs)[1]} in ${wanted} updates in the control`;
    },
  },
  {
    id: 'counters-changed',
    means: 'A counter was not restored.',
    heads: [COUNTERS],
    explains: ['counter:other'],
    diagnose(clues) {
      const those = ofKind(clues, 'other');
      if (those.length === 0) return undefined;
      // Named like a hyperparameter, so it is set rather than counted.
      const values = those.filter(({ name }) => counterKind(name) === 'hyperparameter');
      return `${plural(those.length, 'a counter was', 'counters were')} not restored: ${counterNames(those)}${values.length === those.length ? drivenText(clues, values) : ''}`;
    },
  },
];

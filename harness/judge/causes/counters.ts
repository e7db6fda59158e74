/** Steps, accumulation and the loss scale: what is counted, and what follows from the count. */
import { counterKind } from '../../trace/names.ts';
import { nearlySame } from '../compare.ts';
import { insteadOf, ofAll, plural, valuesApart } from '../words.ts';
import type { Cause } from './cause.ts';
import {
  advances,
  areFresh,
  type ChangedCounter,
  COUNTERS,
  counterNames,
  distance,
  isLossScaled,
  ofKind,
  updatesMade,
} from './clues.ts';
import { DATA_CAUSES } from './data.ts';
import { STILL } from './stale.ts';

const STEP = {
  heads: [COUNTERS, 'step-differs'],
  explains: ['counter:step', 'step-differs', 'applied-differs', 'update-counts-differ'],
};

const LOSS_SCALE = {
  heads: [COUNTERS],
  explains: ['counter:loss-scale', 'applied-differs', 'gradients-differ', 'update-counts-differ'],
};

const isCount = ({ saved }: ChangedCounter): boolean => Number.isSafeInteger(saved);

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
    explains: ['applied-differs', ...STILL, 'learning-rate-differs', 'step-differs'],
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
      'learning-rate-differs',
      'applied-learning-rate-differs',
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
      const near = those.every(({ name, saved, resumed }) => nearlySame({ name, saved, resumed }));
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
  ...DATA_CAUSES,
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
      'learning-rate-differs',
      'gradients-differ',
    ],
    diagnose(clues) {
      const found = clues.finding('applied-differs');
      if (found === undefined || isLossScaled(clues)) return undefined;
      return `updates come at other steps than the control’s from step ${found.step} on, ${insteadOf(updatesMade(clues, 'resumed'), updatesMade(clues, 'control'))} in ${clues.pairs.length} micro-batches: the window of the accumulation is longer, shorter or begins elsewhere`;
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
      return `the optimizer’s own count came back, and then advances otherwise: '${name}' by ${valuesApart(mine, theirs)[0]} in ${updates} updates, in the control by ${valuesApart(mine, theirs)[1]} in ${wanted}`;
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

/** What faults need of a loop, and what is said of a loop that does not have it. */
import * as tf from '@tensorflow/tfjs-core';
import { owners, type Parts } from '../loop/parts.ts';
import type { Parameter } from '../training/optimizer.ts';
import { isSquare } from './tensors.ts';

export interface Need<Of = Parts> {
  readonly isMet: (of: Of) => boolean;
  /** What a scenario that does not meet it is or does instead, such as `has no EMA`. */
  readonly whyNot: string;
}

export const need = <Of = Parts>(whyNot: string, isMet: Need<Of>['isMet']): Need<Of> => ({ isMet, whyNot });

const isTrained = ({ variable }: Parameter): boolean => variable.trainable;
const fuses = ({ recipe }: Parts): boolean => (recipe.fused ?? 'none') !== 'none';

export const hasEma = need('has no EMA', ({ ema }) => ema !== undefined);
export const hasScaler = need('has no loss scaler', ({ scaler }) => scaler !== undefined);
export const hasNoScaler = need('has a loss scaler', ({ scaler }) => scaler === undefined);
export const hasBuffers = need('has no running statistics', ({ buffers }) => buffers.size > 0);
export const hasTies = need('has no tied weights', ({ recipe }) => (recipe.model.ties?.size ?? 0) > 0);
export const hasAdapters = need('has no LoRA adapters', ({ parameters }) =>
  parameters.some(({ name }) => name.includes('lora_')),
);
export const accumulates = need('does not accumulate gradients', ({ accumulate }) => accumulate > 1);
export const isFused = need('does not update in gradient hooks', fuses);
export const isUnfused = need('updates in gradient hooks', (parts) => !fuses(parts));
export const isFusedInGroups = need(
  'does not update in gradient hooks of parameter groups',
  ({ recipe }) => recipe.fused === 'optimizer-groups',
);
export const clips = need('does not clip gradients', ({ recipe }) => recipe.maxGradNorm !== undefined);
export const hasOneOptimizer = need('has several optimizers', ({ driven }) => driven.length === 1);
export const hasSeveralOptimizers = need('has one optimizer', ({ driven }) => driven.length > 1);
export const hasSeveralGenerators = need(
  'does not draw from several random generators',
  ({ random }) => random.size > 1,
);
export const hasSeveralGroups = need(
  'has one parameter group',
  ({ driven }) => driven.flatMap(({ optimizer }) => optimizer.groups).length > 1,
);
export const hasWeightDecay = need('has no weight decay', ({ driven }) =>
  driven.some(({ optimizer }) => optimizer.groups.some(({ weightDecay }) => weightDecay > 0)),
);
export const hasFrozen = need('has no frozen weights', ({ parameters }) =>
  parameters.some(({ variable }) => !variable.trainable),
);
export const shuffles = need('does not shuffle', ({ recipe }) => (recipe.shuffle ?? 'epoch') !== 'none');
export const hasShuffleBuffer = need(
  'has no shuffle buffer',
  ({ recipe }) => typeof recipe.shuffle === 'object',
);
export const hasNoShuffleBuffer = need(
  'has a shuffle buffer',
  ({ recipe }) => typeof recipe.shuffle !== 'object',
);
export const draws = need('draws no random numbers', ({ random }) => random.size > 0);
export const dropsOut = need('has no dropout', ({ random }) => random.has('dropout'));
export const samples = need('draws no samples', ({ recipe }) => recipe.model.sample !== undefined);
export const resumesTwice = need('is resumed once', ({ context }) => context.plan.resumeAt.length > 1);

/** Whether a resume restores this, which a trainer may decline by declaration. */
export const restores = (...kinds: readonly NonNullable<Parts['recipe']['forgets']>[number][]): Need =>
  need(
    `does not restore ${kinds.join(' or ')}, by declaration`,
    ({ recipe }) => !recipe.forgets?.some((kind) => kinds.includes(kind)),
  );

export const trainsSeveral = need(
  'trains one weight',
  ({ parameters }) => owners(parameters).filter(isTrained).length > 1,
);
export const savesSeveral = need(
  'saves one weight',
  ({ parameters, recipe }) =>
    owners(parameters).filter(({ name }) => recipe.saves?.(name) ?? true).length > 1,
);

/** Slots are made by the first update, so its rule is asked. */
export const hasMasterWeights = need('has no float32 master weights', ({ recipe }) =>
  recipe.optimizers.some(({ update }) => {
    let slots: readonly string[] = [];
    tf.tidy(() => {
      const one = tf.tensor1d([1]);
      const input = { parameter: one, gradient: one, slots: {}, step: 1, learningRate: 1, weightDecay: 0 };
      slots = Object.keys(update(input).slots);
    });
    return slots.includes('master');
  }),
);

/** Two trained parameters of one shape. */
export const hasTwins = need('has no two trained weights of one shape', ({ parameters }) => {
  const shapes = owners(parameters)
    .filter(isTrained)
    .map(({ variable }) => String(variable.shape));
  return new Set(shapes).size < shapes.length;
});

/** A trained square matrix. */
export const hasSquare = need('has no trained square matrix', ({ parameters }) =>
  parameters.some(({ variable }) => variable.trainable && isSquare(variable)),
);

/** Conditions under which a fault applies to a loop. */
import { owners, type Parts } from '../loop/parts.ts';
import { isSquare } from './tensors.ts';

export const hasEma = ({ ema }: Parts): boolean => ema !== undefined;
export const hasScaler = ({ scaler }: Parts): boolean => scaler !== undefined;
export const hasBuffers = ({ buffers }: Parts): boolean => buffers.size > 0;
export const hasTies = ({ recipe }: Parts): boolean => (recipe.model.ties?.size ?? 0) > 0;
export const hasAdapters = ({ parameters }: Parts): boolean =>
  parameters.some(({ name }) => name.includes('lora_'));
export const accumulates = ({ accumulate }: Parts): boolean => accumulate > 1;
export const isFused = ({ recipe }: Parts): boolean => (recipe.fused ?? 'none') !== 'none';
export const isUnfused = (parts: Parts): boolean => !isFused(parts);
export const isFusedInGroups = ({ recipe }: Parts): boolean => recipe.fused === 'optimizer-groups';
export const clips = ({ recipe }: Parts): boolean => recipe.maxGradNorm !== undefined;
export const hasSeveralOptimizers = ({ driven }: Parts): boolean => driven.length > 1;
export const hasSeveralGenerators = ({ random }: Parts): boolean => random.size > 1;
export const hasSeveralGroups = ({ driven }: Parts): boolean =>
  driven.flatMap(({ optimizer }) => optimizer.groups).length > 1;
export const hasWeightDecay = ({ driven }: Parts): boolean =>
  driven.some(({ optimizer }) => optimizer.groups.some(({ weightDecay }) => weightDecay > 0));
export const hasFrozen = ({ parameters }: Parts): boolean =>
  parameters.some(({ variable }) => !variable.trainable);
export const shuffles = ({ recipe }: Parts): boolean => (recipe.shuffle ?? 'epoch') !== 'none';
export const hasShuffleBuffer = ({ recipe }: Parts): boolean => typeof recipe.shuffle === 'object';
export const draws = ({ random }: Parts): boolean => random.size > 0;
export const dropsOut = ({ random }: Parts): boolean => random.has('dropout');
export const samples = ({ recipe }: Parts): boolean => recipe.model.sample !== undefined;
export const resumesTwice = ({ context }: Parts): boolean => context.plan.resumeAt.length > 1;

/** Two trained parameters of one shape. */
export const hasTwins = ({ parameters }: Parts): boolean => {
  const shapes = owners(parameters)
    .filter(({ variable }) => variable.trainable)
    .map(({ variable }) => String(variable.shape));
  return new Set(shapes).size < shapes.length;
};

/** A trained square matrix. */
export const hasSquare = ({ parameters }: Parts): boolean =>
  parameters.some(({ variable }) => variable.trainable && isSquare(variable));

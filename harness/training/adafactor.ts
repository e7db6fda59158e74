/** Adafactor, as implemented in fairseq and transformers. sd-scripts patches that version for its fused backward pass. */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/** Options of {@link adafactor}. */
export interface AdafactorOptions {
  /** Added to the squared gradient, and the minimum of the parameter's root mean square. Default [1e-30, 1e-3]. */
  readonly epsilon?: readonly [number, number];
  /** The maximum root mean square of the update before the learning rate. Default 1. */
  readonly clipThreshold?: number;
  /** The decay of the second moment is 1 − step^`decayRate`. Default −0.8. */
  readonly decayRate?: number;
  /** The decay of the first moment. By default, there is no first moment. */
  readonly beta1?: number;
  /** Whether to multiply the learning rate by the parameter's root mean square. Default true. */
  readonly scaleParameter?: boolean;
  /** Whether to compute the learning rate from the step count instead of using the group's. Default true. */
  readonly relativeStep?: boolean;
  /** With `relativeStep`, whether the learning rate warms up as 1e-6 × step. Default false. */
  readonly warmupInit?: boolean;
}

const rootMeanSquare = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.mean(tf.square(x)));

/** The learning rate with `relativeStep`, before `scaleParameter`: min(10⁻² or 10⁻⁶·t, 1/√t) at step t. */
export function relativeStepSize(step: number, warmupInit: boolean): number {
  return Math.min(warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step));
}

/**
 * Adafactor (Shazeer and Stern, 'Adafactor: Adaptive Learning Rates with Sublinear Memory Cost', ICML 2018), with the
 * options of fairseq's and transformers' `Adafactor`. A parameter with two or more axes has the optimizer slots
 * `exp_avg_sq_row` (the parameter's shape without the last axis) and `exp_avg_sq_col` (without the second-last axis). Any
 * other parameter has `exp_avg_sq` of its own shape. With `beta1`, each parameter also has `exp_avg` of its own shape.
 * @throws `Error` when `warmupInit` is set and `relativeStep` is false
 * @example
 * ```ts
 * import { adafactor, type OptimizerRecipe } from 'resumeproof';
 *
 * const recipe: OptimizerRecipe = {
 *   name: 'main',
 *   groups: [{ name: 'all', owns: () => true, learningRate: 1e-3 }],
 *   update: adafactor({ relativeStep: false, scaleParameter: false }),
 *   schedule: () => 1,
 * };
 * console.log(recipe.name);
 * ```
 */
export function adafactor(options: AdafactorOptions = {}): UpdateRule {
  const { clipThreshold = 1, decayRate = -0.8, beta1 } = options;
  const { scaleParameter = true, relativeStep = true, warmupInit = false } = options;
  const [epsilon1, epsilon2] = options.epsilon ?? [1e-30, 1e-3];
  if (warmupInit && !relativeStep) {
    throw new Error(
      'adafactor: warmupInit needs relativeStep, received relativeStep false: set both, or neither',
    );
  }
  return ({ parameter, gradient, slots, step, learningRate, weightDecay }) => {
    const stepSize = relativeStep ? relativeStepSize(step, warmupInit) : learningRate;
    const scaledLearningRate = scaleParameter
      ? tf.mul(tf.maximum(rootMeanSquare(parameter), epsilon2), stepSize)
      : tf.scalar(stepSize);
    const beta2 = 1 - step ** decayRate;
    const ema = (old: tf.Tensor | undefined, now: tf.Tensor): tf.Tensor =>
      old === undefined ? tf.mul(now, 1 - beta2) : tf.add(tf.mul(old, beta2), tf.mul(now, 1 - beta2));
    const squared = tf.add(tf.square(gradient), epsilon1);
    const next: Record<string, tf.Tensor> = {};
    let update: tf.Tensor;
    if (parameter.rank >= 2) {
      const row = ema(slots.exp_avg_sq_row, tf.mean(squared, -1));
      const column = ema(slots.exp_avg_sq_col, tf.mean(squared, -2));
      next.exp_avg_sq_row = row;
      next.exp_avg_sq_col = column;
      const rowFactor = tf.rsqrt(tf.div(row, tf.mean(row, -1, true)));
      update = tf.mul(tf.mul(tf.expandDims(rowFactor, -1), tf.expandDims(tf.rsqrt(column), -2)), gradient);
    } else {
      const second = ema(slots.exp_avg_sq, squared);
      next.exp_avg_sq = second;
      update = tf.mul(tf.rsqrt(second), gradient);
    }
    const excess = tf.maximum(tf.div(rootMeanSquare(update), clipThreshold), 1);
    update = tf.mul(update, tf.div(scaledLearningRate, excess));
    if (beta1 !== undefined) {
      const fresh = tf.mul(update, 1 - beta1);
      update = slots.exp_avg === undefined ? fresh : tf.add(tf.mul(slots.exp_avg, beta1), fresh);
      next.exp_avg = update;
    }
    const decayed =
      weightDecay === 0 ? parameter : tf.mul(parameter, tf.sub(1, tf.mul(scaledLearningRate, weightDecay)));
    return { parameter: tf.sub(decayed, update), slots: next, learningRate: stepSize };
  };
}

/** Runs an update rule on one parameter, to compare it with a reference in plain numbers. */
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { observeTraining } from '../observation.ts';
import { Optimizer, type UpdateRule } from '../optimizer.ts';
import { RandomStream } from '../random-stream.ts';
import { valuesOf } from './mlp.ts';

const STEPS = 5;
/** A learning rate that changes at each step, as with a schedule. */
export const learningRateAt = (step: number): number => 0.03 / step;

/** Initial values, and gradients of a different magnitude at each step. The last gradient contains a zero. */
export function noise(shape: readonly number[]): { initial: Float32Array; gradients: Float32Array[] } {
  const random = RandomStream.fromSeed(7);
  const size = tf.util.sizeFromShape([...shape]);
  const initial = random.gaussian(size);
  const gradients = Array.from({ length: STEPS }, (_, step) =>
    random.gaussian(size).map((value) => value * 10 ** (step - 2)),
  );
  gradients.at(-1)![0] = 0;
  return { initial, gradients };
}

/** Returns the parameter and its slots after five steps, and the learning rates that the rule reported. */
export function train(rule: UpdateRule, shape: readonly number[], weightDecay: number) {
  const { initial, gradients } = noise(shape);
  const variable = tf.variable(tf.tensor(initial, [...shape]));
  const group = {
    name: 'all',
    parameters: [{ name: 'w', variable }],
    learningRate: 0,
    weightDecay,
  };
  const optimizer = new Optimizer([group], rule);
  const learningRates: number[] = [];
  observeTraining({
    gradient() {},
    hook() {},
    update: (_, learningRate) => learningRates.push(learningRate),
  });
  gradients.forEach((gradient, index) => {
    group.learningRate = learningRateAt(index + 1);
    tf.tidy(() => optimizer.stepParameter(variable, tf.tensor(gradient, [...shape]), group));
  });
  observeTraining(undefined);
  const slots = valuesOf(optimizer.slots().map(({ slot, tensor }) => [slot, tensor]));
  return { parameter: Float32Array.from(variable.dataSync()), slots, learningRates };
}

/** To float32's precision after a few operations, relative to the largest value. */
export function expectClose(values: Float32Array, wanted: readonly number[], what: string): void {
  const scale = Math.max(...wanted.map(Math.abs));
  expect(values, what).toHaveLength(wanted.length);
  const errors = wanted.map((value, at) => Math.abs(values[at]! - value) / scale);
  expect(Math.max(...errors), `${what}: relative errors ${errors}`).toBeLessThan(2e-6);
}

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { adamW } from './adamw.ts';
import { Ema } from './ema.ts';
import { fuseBackwardPass } from './fused.ts';
import { clipGradientNorm, Gradients } from './gradients.ts';
import { Optimizer } from './optimizer.ts';
import { createMlp, type Mlp, valuesOf } from './testing/mlp.ts';

/** Runs one backward pass and disposes the loss. */
function backward(gradients: Gradients, loss: Parameters<Gradients['backward']>[0]): void {
  gradients.backward(loss).dispose();
}

/** The gradients of TensorFlow.js' own tape, by name. */
function expected(model: Mlp, step: number): Record<string, Float32Array> {
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(
      () => model.loss((variable) => variable, step),
      model.parameters.map(({ variable }) => variable),
    );
    return valuesOf(model.parameters.map(({ name, variable }) => [name, grads[variable.name]!]));
  });
}

/** A loss that reads the weight of a linear layer three times, the last time through another function. */
function tiedLoss(read: (variable: tf.Variable) => tf.Tensor, weight: tf.Variable): tf.Scalar {
  const x = tf.tensor2d([0.5, -1, 2, 0.25], [2, 2]);
  const twice = tf.matMul(tf.tanh(tf.matMul(x, read(weight) as tf.Tensor2D)), read(weight) as tf.Tensor2D);
  return tf.add(tf.sum(tf.square(twice)), tf.sum(read(weight)));
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('gradients equal those of TensorFlow.js bit for bit, and add up over micro-batches', () => {
    const model = createMlp([3, 5, 4, 2]);
    const gradients = new Gradients();
    const accumulated = () =>
      valuesOf(model.parameters.map(({ name, variable }) => [name, gradients.of(variable)!]));
    backward(gradients, (read) => model.loss(read, 1));
    const first = expected(model, 1);
    expect(accumulated()).toEqual(first);
    backward(gradients, (read) => model.loss(read, 2));
    const second = expected(model, 2);
    const sums = Object.entries(first).map(([name, values]) => [
      name,
      values.map((value, at) => value + second[name]![at]!),
    ]);
    expect(accumulated()).toEqual(Object.fromEntries(sums));
  });

  test('a hook is called once per pass, after all uses of its variable, from the last layer to the first', () => {
    const model = createMlp([2, 2, 2]);
    const weight = tf.variable(tf.tensor2d([0.1, -0.2, 0.3, 0.4], [2, 2]));
    const gradients = new Gradients();
    const calls: [string, Float32Array][] = [];
    for (const { name, variable } of [...model.parameters, { name: 'tied', variable: weight }]) {
      gradients.onAccumulated(variable, (own) => {
        calls.push([name, Float32Array.from(gradients.of(own)!.dataSync())]);
      });
    }
    backward(gradients, (read) => model.loss(read, 1));
    expect(calls.map(([name]) => name)).toEqual(['1.bias', '1.weight', '0.bias', '0.weight']);
    expect(Object.fromEntries(calls)).toEqual(expected(model, 1));

    calls.length = 0;
    backward(gradients, (read) => tiedLoss(read, weight));
    const own = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tiedLoss((variable) => variable, weight), [weight]);
      return Float32Array.from(grads[weight.name]!.dataSync());
    });
    expect(calls).toEqual([['tied', own]]);
  });

  test('a hook belongs to its variable, not to a replacement, and can be removed', () => {
    const [old, replacement] = [1, 2].map((value) => tf.variable(tf.scalar(value)));
    const gradients = new Gradients();
    let calls = 0;
    const hook = () => {
      calls += 1;
    };
    const removals = [gradients.onAccumulated(old!, hook), gradients.onAccumulated(old!, hook)];
    const pass = (variable: tf.Variable) => {
      calls = 0;
      backward(gradients, (read) => tf.sum(tf.square(read(variable))));
      return calls;
    };
    expect(pass(old!)).toBe(2);
    expect(pass(replacement!)).toBe(0);
    expect(gradients.of(replacement!)?.dataSync()[0]).toBe(4);
    removals[0]!();
    expect(pass(old!)).toBe(1);
    removals[1]!();
    expect(pass(old!)).toBe(0);
  });

  test('a frozen variable gets no hook call and no gradient, but gradients flow through it', () => {
    const model = createMlp([2, 2, 2]);
    const frozen = model.parameters[2]!.variable;
    frozen.trainable = false;
    const gradients = new Gradients();
    const seen: string[] = [];
    for (const { name, variable } of model.parameters) {
      gradients.onAccumulated(variable, () => seen.push(name));
    }
    backward(gradients, (read) => model.loss(read, 1));
    expect(seen).toEqual(['1.bias', '0.bias', '0.weight']);
    expect(gradients.of(frozen)).toBeUndefined();
    expect(new Map(gradients.entries()).size).toBe(3);
    expect(() => backward(gradients, (read) => tf.sum(read(frozen)))).toThrow(/gradient/);
  });

  test('a hook frees the dropped gradient and the replaced weights during the pass', () => {
    const model = createMlp([3, 3, 3]);
    const gradients = new Gradients();
    const freed: [byAssigning: number, byDropping: number][] = [];
    const buffers = () => tf.memory().numDataBuffers;
    for (const { variable } of model.parameters) {
      gradients.onAccumulated(variable, (own) => {
        const next = tf.zerosLike(own);
        const before = buffers();
        own.assign(next as typeof own);
        const assigned = buffers();
        gradients.drop(own);
        freed.push([before - assigned, assigned - buffers()]);
      });
    }
    backward(gradients, (read) => model.loss(read, 1));
    expect(freed).toEqual(Array(4).fill([1, 1]));
  });

  // PyTorch's clip_grad_norm_: the factor is max_norm / (norm + 1e-6), at most 1.
  test.each<[gradient: number[], maxNorm: number, clipped: number[]]>([
    [[3, -4], 1, [0.6, -0.8]],
    [[3e-7, 4e-7], 5e-7, [1e-7, 4e-7 / 3]],
    [[3, -4], 5.1, [3, -4]],
    [[3, -4], 0, [3, -4]],
    [[0, 0], 1, [0, 0]],
    [[Number.NaN, 1], 1, [Number.NaN, Number.NaN]],
    [[Number.POSITIVE_INFINITY, 1], 1, [Number.NaN, 0]],
  ])('clips %j to the norm %d', (gradient, maxNorm, clipped) => {
    const variable = tf.variable(tf.zeros([2]));
    const gradients = new Gradients();
    clipGradientNorm(gradients, variable, maxNorm);
    expect(gradients.of(variable)).toBeUndefined();
    gradients.restore(variable, tf.tensor1d(gradient));
    clipGradientNorm(gradients, variable, maxNorm);
    const values = [...gradients.of(variable)!.dataSync()];
    const errors = values.map((value, at) => Math.abs(value - clipped[at]!) / (Math.abs(clipped[at]!) || 1));
    // NaN only where expected.
    expect(values.map(Number.isNaN), `${values}`).toEqual(clipped.map(Number.isNaN));
    expect(Math.max(0, ...errors.filter((error) => error > 1e-5)), `${values} instead of ${clipped}`).toBe(0);
  });

  test('many steps leak no tensor', () => {
    const model = createMlp([3, 4, 4, 2]);
    const gradients = new Gradients();
    const [fused, unfused] = [0, 1].map((at) => {
      const parameters = model.parameters.filter((_, index) => index % 2 === at);
      return new Optimizer([{ name: 'all', parameters, learningRate: 0.01, weightDecay: 0.1 }], adamW());
    });
    fuseBackwardPass(gradients, fused!, { maxGradNorm: 0.01 });
    const ema = new Ema(model.parameters, 0.99);
    const memory = [1, 2, 3, 4, 5, 6].map((step) => {
      backward(gradients, (read) => model.loss(read, step));
      backward(gradients, (read) => model.loss(read, -step));
      for (const { variable } of unfused!.parameters) clipGradientNorm(gradients, variable, 0.01);
      unfused!.step(gradients);
      gradients.drop();
      ema.update(model.parameters);
      const { numTensors, numDataBuffers } = tf.memory();
      return { numTensors, numDataBuffers };
    });
    // The first step also creates the slots.
    expect(memory.slice(1)).toEqual(Array(5).fill(memory[0]));
  });
});

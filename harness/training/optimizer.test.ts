import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { adamW } from './adamw.ts';
import { Gradients } from './gradients.ts';
import { Optimizer } from './optimizer.ts';
import { createMlp, type Mlp, valuesOf } from './testing/mlp.ts';

function optimizerOf(model: Mlp): Optimizer {
  const [first, ...rest] = model.parameters;
  return new Optimizer(
    [
      { name: 'first', parameters: [first!], learningRate: 0.1, weightDecay: 0 },
      { name: 'rest', parameters: rest, learningRate: 0.01, weightDecay: 0.5 },
    ],
    adamW(),
  );
}

function step(model: Mlp, optimizer: Optimizer, at: number): void {
  const gradients = new Gradients();
  tf.tidy(() => void gradients.backward((read) => model.loss(read, at)));
  optimizer.step(gradients);
  gradients.drop();
}

const slotsOf = (optimizer: Optimizer) =>
  new Map(optimizer.slots().map(({ slot, parameter, tensor }) => [`${parameter}.${slot}`, tensor]));
const copied = (tensors: ReadonlyMap<string, tf.Tensor>) =>
  new Map([...tensors].map(([name, tensor]) => [name, tf.tensor(tensor.dataSync(), tensor.shape)]));

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('continues bit for bit from its saved state, for any order of the slots', () => {
    const [model, resumed] = [createMlp([3, 4, 2]), createMlp([3, 4, 2])];
    const [original, optimizer] = [optimizerOf(model), optimizerOf(resumed)];
    for (const at of [1, 2, 3]) step(model, original, at);
    original.groups[1]!.learningRate = 0.07;
    resumed.parameters.forEach(({ variable }, index) => {
      variable.assign(model.parameters[index]!.variable.clone() as typeof variable);
    });
    const backwards = new Map([...copied(slotsOf(original))].reverse());
    optimizer.loadState(JSON.parse(JSON.stringify(original.state())), backwards);
    expect(optimizer.state()).toEqual(original.state());
    step(model, original, 4);
    step(resumed, optimizer, 4);
    expect(resumed.values()).toEqual(model.values());
    expect(valuesOf(slotsOf(optimizer))).toEqual(valuesOf(slotsOf(original)));
    expect(optimizer.state().steps).toEqual({ '0.weight': 4, '0.bias': 4, '1.weight': 4, '1.bias': 4 });
  });

  test('loading creates new group objects, leaves captured ones as they were, and frees the old slots', () => {
    const model = createMlp([2, 2]);
    const optimizer = optimizerOf(model);
    step(model, optimizer, 1);
    const old = [...optimizer.groups];
    const state = optimizer.state();
    const saved = copied(slotsOf(optimizer));
    const { numTensors } = tf.memory();
    optimizer.loadState({ ...state, groups: state.groups.map((g) => ({ ...g, learningRate: 9 })) }, saved);
    // The four saved slots replaced the old ones.
    expect(tf.memory().numTensors).toBe(numTensors - 4);
    for (const [index, group] of optimizer.groups.entries()) expect(group).not.toBe(old[index]);
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([9, 9]);
    expect(old.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.01]);
  });

  test('slots are assigned by name, so a replaced variable continues from the old one', () => {
    const [model, replacement] = [createMlp([2, 2]), createMlp([2, 2], 2)];
    const optimizer = optimizerOf(model);
    step(model, optimizer, 1);
    const saved = copied(slotsOf(optimizer));
    const wanted = valuesOf(saved);
    optimizer.loadState(optimizer.state(), saved, replacement.parameters);
    expect(optimizer.parameters.map(({ variable }) => variable)).toEqual(
      replacement.parameters.map(({ variable }) => variable),
    );
    expect(valuesOf(slotsOf(optimizer))).toEqual(wanted);
    const before = model.values();
    step(replacement, optimizer, 2);
    expect(model.values()).toEqual(before);
    expect(optimizer.state().steps).toEqual({ '0.weight': 2, '0.bias': 2 });
  });

  test('an unknown parameter is reported by name, and the optimizer is unchanged', () => {
    const model = createMlp([2, 2]);
    const optimizer = optimizerOf(model);
    step(model, optimizer, 1);
    const state = optimizer.state();
    const slots = valuesOf(slotsOf(optimizer));
    const { groups } = optimizer;
    const foreign = { name: 'rest', parameters: ['0.bias', '7.weight'], learningRate: 1, weightDecay: 0 };
    expect(() => optimizer.loadState({ groups: [foreign], steps: {} }, new Map())).toThrow(
      "optimizer group 'rest' names parameter '7.weight', which the model does not have",
    );
    expect(optimizer.groups).toBe(groups);
    expect(optimizer.state()).toEqual(state);
    expect(valuesOf(slotsOf(optimizer))).toEqual(slots);
  });

  test('a parameter without a gradient does not change and has no slots', () => {
    const model = createMlp([2, 2]);
    const optimizer = optimizerOf(model);
    const gradients = new Gradients();
    gradients.restore(model.parameters[1]!.variable, tf.tensor1d([1, 2]));
    const before = model.values();
    optimizer.step(gradients);
    const after = model.values();
    expect(after['0.weight']).toEqual(before['0.weight']);
    expect(after['0.bias']).not.toEqual(before['0.bias']);
    expect(optimizer.slots().map(({ slot, parameter }) => [parameter, slot])).toEqual([
      ['0.bias', 'exp_avg'],
      ['0.bias', 'exp_avg_sq'],
    ]);
    expect(optimizer.state().steps).toEqual({ '0.weight': 0, '0.bias': 1 });
  });
});

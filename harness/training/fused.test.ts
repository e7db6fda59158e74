import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { adafactor } from './adafactor.ts';
import { adamW } from './adamw.ts';
import { fuseBackwardPass, fuseOptimizerGroups, splitIntoGroups } from './fused.ts';
import { clipGradientNorm, Gradients } from './gradients.ts';
import { Optimizer, type ParameterGroup } from './optimizer.ts';
import { createMlp, type Mlp, valuesOf } from './testing/mlp.ts';

const MODES = ['backward pass', 'optimizer groups'] as const;

interface Run {
  readonly mode: (typeof MODES)[number];
  /** If false, the same arithmetic runs after the backward pass. */
  readonly fused?: boolean;
  readonly maxGradNorm?: number;
  /** How many groups. Each has its own learning rate and weight decay. */
  readonly groups?: number;
}

function trainer(model: Mlp, { mode, fused = true, maxGradNorm = 1, groups = 1 }: Run) {
  const all = { name: 'all', parameters: model.parameters, learningRate: 0.05, weightDecay: 0.1 };
  const split: ParameterGroup[] = splitIntoGroups([all], groups).map((group, index) => ({
    ...group,
    learningRate: group.learningRate / (index + 1),
    weightDecay: group.weightDecay * index,
  }));
  const gradients = new Gradients();
  const optimizers =
    mode === 'backward pass'
      ? [new Optimizer(split, adafactor({ relativeStep: false, beta1: 0.9 }))]
      : split.map((group) => new Optimizer([group], adamW()));
  const clip = { maxGradNorm };
  const register = () =>
    mode === 'backward pass'
      ? { unregister: fuseBackwardPass(gradients, optimizers[0]!, clip), resetCounts: () => {} }
      : fuseOptimizerGroups(gradients, optimizers, clip);
  const hooks = fused ? register() : undefined;
  const backward = (step: number) => {
    tf.tidy(() => void gradients.backward((read) => model.loss(read, step)));
  };
  return {
    hooks,
    register,
    backward,
    step(step: number): void {
      hooks?.resetCounts();
      backward(step);
      if (fused) return;
      for (const { variable } of model.parameters) clipGradientNorm(gradients, variable, maxGradNorm);
      for (const optimizer of optimizers) optimizer.step(gradients);
      gradients.drop();
    },
    updates: (): Record<string, number> =>
      Object.assign({}, ...optimizers.map((optimizer) => optimizer.state().steps)),
    slots: () =>
      valuesOf(
        optimizers
          .flatMap((optimizer) => optimizer.slots())
          .map(({ slot, parameter, tensor }) => [`${parameter}.${slot}`, tensor]),
      ),
  };
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(MODES)('fused %s: weights and slots equal those of the unfused loop bit for bit', (mode) => {
    const plan = fc.record({
      widths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 5 }),
      seed: fc.integer({ min: 1, max: 1000 }),
      groups: fc.integer({ min: 1, max: 4 }),
      maxGradNorm: fc.constantFrom(0, 0.01, 1),
      steps: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(plan, ({ widths, seed, groups, maxGradNorm, steps }) => {
        const [fused, unfused] = [true, false].map((fused) => {
          const model = createMlp(widths, seed);
          const run = trainer(model, { mode, fused, maxGradNorm, groups });
          for (let step = 1; step <= steps; step++) run.step(step);
          return { weights: model.values(), slots: run.slots(), updates: run.updates() };
        });
        expect(fused).toEqual(unfused);
        expect(new Set(Object.values(fused!.updates))).toEqual(new Set([steps]));
        // The weights must also change. Two trainers that do not train are equal too.
        expect(fused!.weights).not.toEqual(createMlp(widths, seed).values());
        for (const values of Object.values(fused!.weights)) expect(values).not.toContain(Number.NaN);
      }),
      { numRuns: 12 },
    );
  });

  test('fused optimizer groups: a group does not step until its count is reset', () => {
    const run = trainer(createMlp([3, 3]), { mode: 'optimizer groups' });
    run.backward(1);
    run.backward(2);
    expect(run.updates()).toEqual({ '0.weight': 1, '0.bias': 1 });
    run.hooks!.resetCounts();
    run.backward(3);
    expect(run.updates()).toEqual({ '0.weight': 2, '0.bias': 2 });
  });

  test.each(MODES)('fused %s: a frozen parameter does not change, but the rest of its group does', (mode) => {
    const model = createMlp([3, 3, 3]);
    model.parameters[1]!.variable.trainable = false;
    const run = trainer(model, { mode });
    run.step(1);
    expect(run.updates()).toEqual({ '0.weight': 1, '0.bias': 0, '1.weight': 1, '1.bias': 1 });
  });

  test.each(MODES)(
    'fused %s: a second registration finds no gradient; after unregistering, nothing steps',
    (mode) => {
      const run = trainer(createMlp([3, 3]), { mode });
      const second = run.register();
      run.step(1);
      expect(run.updates()).toEqual({ '0.weight': 1, '0.bias': 1 });
      second.unregister();
      run.hooks!.unregister();
      run.step(2);
      expect(run.updates()).toEqual({ '0.weight': 1, '0.bias': 1 });
    },
  );
});

describe('splitIntoGroups', () => {
  const group = (name: string, count: number, learningRate: number): ParameterGroup => ({
    name,
    parameters: Array.from({ length: count }, (_, n) => ({ name: `${name}${n}`, variable: null as never })),
    learningRate,
    weightDecay: 0.1,
  });

  test('makes groups of equal size, in order, and splits where the learning rate changes', () => {
    const split = splitIntoGroups([group('a', 5, 0.1), group('b', 2, 0.2)], 3);
    expect(split.map(({ parameters }) => parameters.map(({ name }) => name))).toEqual([
      ['a0', 'a1', 'a2'],
      ['a3', 'a4'],
      ['b0', 'b1'],
    ]);
    expect(split.map(({ name, learningRate }) => [name, learningRate])).toEqual([
      ['group 0', 0.1],
      ['group 1', 0.1],
      ['group 2', 0.2],
    ]);
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses %d groups', (count) => {
    expect(() => splitIntoGroups([group('a', 5, 0.1)], count)).toThrow(`received ${count}`);
  });
});

describe('memory', () => {
  // On cpu only: wasm's Identity copies, and TensorFlow.js' tape clones every weight that an operation saves.
  beforeAll(async () => {
    await openBackend('cpu');
  });

  test.each(MODES)('fused %s: the peak is lower than without fusing', (mode) => {
    const widths = Array<number>(13).fill(48);
    const [fused, unfused] = [true, false].map((fused) => {
      const run = trainer(createMlp(widths), { mode, fused, groups: 6 });
      // The first step also creates the slots.
      run.step(1);
      return peakBytes(() => run.step(2));
    });
    const gradients = 12 * (48 * 48 + 48) * 4;
    // Unfused, the gradients of all 24 parameters are alive at once. Fused, those of at most four.
    expect(unfused! - fused!).toBeGreaterThan(gradients / 2);
    expect(fused!).toBeGreaterThan(0);
  });
});

/**
 * The peak of tensor data in bytes during `work`, beyond what existed before. `tf.memory().numBytes` counts the data of
 * a clone twice, so this counts each data buffer when the engine adds and removes it.
 */
function peakBytes(work: () => void): number {
  const { tensorInfo } = tf.engine().state;
  const { set, delete: remove } = tensorInfo;
  let bytes = 0;
  let peak = 0;
  tensorInfo.set = (id, info) => {
    bytes += info.bytes;
    peak = Math.max(peak, bytes);
    return set.call(tensorInfo, id, info);
  };
  tensorInfo.delete = (id) => {
    bytes -= tensorInfo.get(id)?.bytes ?? 0;
    return remove.call(tensorInfo, id);
  };
  try {
    work();
  } finally {
    Object.assign(tensorInfo, { set, delete: remove });
  }
  return peak;
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import type { TraceRecord } from '../trace/schema.ts';
import { Gradients } from '../training/gradients.ts';
import { trainingObserver } from '../training/observation.ts';
import { Optimizer, type ParameterGroup, type UpdateRule } from '../training/optimizer.ts';
import { RandomStream } from '../training/random-stream.ts';
import type { StepClaim, Trainer } from '../training/trainer.ts';
import { createProbe } from './probe.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probe-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sgd: UpdateRule = ({ parameter, gradient, learningRate }) => ({
  parameter: tf.sub(parameter, tf.mul(gradient, learningRate)),
  slots: { seen: tf.abs(gradient) },
  learningRate,
});

/**
 * A trainer of two parameters that hooks update, and a frozen one. The loss is Σ x·weight + Σ y·bias for noise x and y, so
 * x and y are the gradients.
 */
class Tiny implements Trainer {
  readonly random = RandomStream.fromSeed(5);
  readonly gradients = new Gradients();
  readonly weight = tf.variable(tf.tensor(this.random.gaussian(6), [2, 3]));
  readonly bias = tf.variable(tf.tensor(this.random.gaussian(3)));
  readonly frozen = tf.variable(tf.tensor1d([3, -4]), false);
  readonly group: ParameterGroup = {
    name: 'main',
    parameters: [
      { name: 'weight', variable: this.weight },
      { name: 'bias', variable: this.bias },
    ],
    learningRate: 0.1,
    weightDecay: 0,
  };
  readonly optimizer = new Optimizer([this.group], sgd);
  x: Float32Array = new Float32Array();
  y: Float32Array = new Float32Array();
  claim: Omit<StepClaim, 'loss'> = { learningRate: 0.1 };

  register(): void {
    for (const { variable } of this.group.parameters) {
      this.gradients.onAccumulated(variable, () => {
        this.optimizer.stepParameter(variable, this.gradients.of(variable)!, this.group);
      });
    }
  }

  async step(): Promise<StepClaim> {
    this.x = this.random.gaussian(6);
    this.y = this.random.gaussian(3);
    const loss = tf.tidy(() => {
      const value = this.gradients.backward((read) => {
        const own = tf.sum(tf.mul(read(this.weight), tf.tensor(this.x, [2, 3])));
        const other = tf.sum(tf.mul(read(this.bias), tf.tensor(this.y)));
        return tf.add(tf.add(own, other), tf.sum(read(this.frozen)));
      });
      return value.dataSync()[0]!;
    }) as unknown as number;
    this.gradients.drop();
    return { loss, ...this.claim };
  }

  observe(): ReturnType<Trainer['observe']> {
    return {
      parameters: [
        { name: 'weight', variable: this.weight, group: 'main' },
        { name: 'bias', variable: this.bias, group: 'main' },
        { name: 'frozen', variable: this.frozen },
      ],
      slots: this.optimizer.slots(),
      random: { noise: this.random.state() },
    };
  }

  save = () => Promise.reject(new Error('not here'));
}

const l2 = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
const valuesOf = ({ parameters }: ReturnType<Trainer['observe']>) =>
  parameters.map(({ variable }) => Float32Array.from(variable.dataSync()));
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

function probed(trainer: Trainer) {
  const records: TraceRecord[] = [];
  return { records, probe: createProbe(trainer, folder, (record) => records.push(record)) };
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each([
    ['0.5', "the text '0.5'"],
    [undefined, 'a value of type undefined'],
    [{ value: 1 }, 'a value of type object'],
  ])('a loss that is no number is refused for what it is: %s', async (loss, received) => {
    const trainer = new Tiny();
    trainer.claim = { loss } as unknown as Omit<StepClaim, 'loss'>;
    await expect(probed(trainer).probe.step(1)).rejects.toThrow(
      `the trainer's step() must return its loss as a number, received ${received}; `,
    );
  });

  test('the measurements equal the reference in plain numbers', async () => {
    const trainer = new Tiny();
    trainer.register();
    const { probe, records } = probed(trainer);
    for (const [index, learningRate] of [0.1, 0, 0.3].entries()) {
      trainer.group.learningRate = learningRate;
      const before = valuesOf(trainer.observe());
      const record = await probe.step(index + 1);
      const now = valuesOf(trainer.observe());
      const updates = [trainer.x, trainer.y, new Float32Array(2)].map((gradient) =>
        gradient.map((value) => value * learningRate),
      );
      expect(now.map((values) => [...values])).toEqual(
        before.map((values, at) => close([...values.map((value, i) => value - updates[at]![i]!)])),
      );
      const moved = learningRate > 0;
      expect(record).toMatchObject({
        step: index + 1,
        l2: close(now.map(l2)),
        updateL2: close(updates.map(l2)),
        changed: [moved, moved, false],
        gradientL2: [...close([l2(trainer.x), l2(trainer.y)]), null],
        appliedGradientL2: [...close([l2(trainer.x), l2(trainer.y)]), null],
        hookCalls: [1, 1, 0],
        updates: [1, 1, 0],
        learningRates: [learningRate, learningRate, null],
        strayHookCalls: 0,
        strayUpdates: 0,
        strayGradients: 0,
      });
      // Exactly zero, because nothing has changed.
      if (!moved) expect(record.updateL2).toEqual([0, 0, 0]);
    }
    expect(records.map(({ kind }) => kind)).toEqual(['parameters', 'step', 'step', 'step']);
    expect(records[0]).toEqual({
      kind: 'parameters',
      names: ['weight', 'bias', 'frozen'],
      groups: ['main', 'main', null],
    });
  });

  test('hooks with a stale group: the claimed learning rate is recorded beside the one used', async () => {
    const trainer = new Tiny();
    trainer.group.learningRate = 0;
    trainer.register();
    trainer.claim = { learningRate: { main: 0.1 }, applied: true, step: 8, batch: ['a', 'b'] };
    const record = await probed(trainer).probe.step(1);
    expect(record.claimed).toEqual({
      step: 8,
      loss: expect.any(Number),
      learningRates: { main: 0.1 },
      batch: ['a', 'b'],
      applied: true,
    });
    expect(record).toMatchObject({
      changed: [false, false, false],
      updateL2: [0, 0, 0],
      hookCalls: [1, 1, 0],
      updates: [1, 1, 0],
      learningRates: [0, 0, null],
    });
  });

  test('orphaned hooks and updates of other variables count as strays', async () => {
    const trainer = new Tiny();
    trainer.register();
    const replacement = tf.variable(tf.zeros([2, 3]));
    const { parameters } = trainer.observe();
    trainer.observe = () => ({
      parameters: [{ name: 'weight', variable: replacement }, ...parameters.slice(1)],
    });
    const { records, probe } = probed(trainer);
    const record = await probe.step(1);
    expect(record).toMatchObject({
      l2: [0, expect.any(Number), 5],
      changed: [false, true, false],
      gradientL2: [null, close([l2(trainer.y)])[0], null],
      hookCalls: [0, 1, 0],
      updates: [0, 1, 0],
      learningRates: [null, 0.1, null],
      strayHookCalls: 1,
      strayUpdates: 1,
    });
    expect(records[0]).toMatchObject({ groups: [null, 'main', null] });
    expect(record.claimed.learningRates, 'one number applies to every group').toEqual({
      all: 0.1,
      main: 0.1,
    });
  });

  test('weights written without an optimizer count as changed, but not as updated', async () => {
    const trainer = new Tiny();
    trainer.claim = { learningRate: 0, applied: false };
    const step = trainer.step.bind(trainer);
    trainer.step = () => {
      trainer.frozen.assign(tf.tensor1d([3, -3]));
      return step();
    };
    expect(await probed(trainer).probe.step(1)).toMatchObject({
      claimed: { step: null, batch: [], applied: false },
      updateL2: [0, 0, 1],
      changed: [false, false, true],
      hookCalls: [0, 0, 0],
      updates: [0, 0, 0],
      learningRates: [null, null, null],
      strayUpdates: 0,
    });
  });

  test('hooks registered twice and two micro-batches count twice; the last learning rate and gradient are recorded', async () => {
    const trainer = new Tiny();
    trainer.register();
    trainer.register();
    const once = trainer.step.bind(trainer);
    trainer.step = async () => {
      await once();
      trainer.group.learningRate = 0.7;
      return once();
    };
    expect(await probed(trainer).probe.step(1)).toMatchObject({
      hookCalls: [4, 4, 0],
      updates: [4, 4, 0],
      learningRates: [0.7, 0.7, null],
      gradientL2: [...close([l2(trainer.x), l2(trainer.y)]), null],
    });
  });

  test('a replaced variable is compared with the old one, and a new table precedes its step', async () => {
    const trainer = new Tiny();
    const { records, probe } = probed(trainer);
    await probe.step(1);
    const first = trainer.observe();
    const step = trainer.step.bind(trainer);
    trainer.step = () => {
      const variable = tf.variable(tf.tensor1d([3, -4.5]));
      const parameters = [{ name: 'frozen', variable, group: 'late' }, first.parameters[0]!];
      trainer.observe = () => ({ parameters });
      return step();
    };
    const { changed, updateL2 } = await probe.step(2);
    expect([changed, updateL2]).toEqual([
      [true, false],
      [0.5, 0],
    ]);
    expect(records.map(({ kind }) => kind)).toEqual(['parameters', 'step', 'parameters', 'step']);
    expect(records[2]).toMatchObject({ names: ['frozen', 'weight'], groups: ['late', 'main'] });
  });

  test('training is observed only during a step, even if the step fails', async () => {
    const trainer = new Tiny();
    trainer.register();
    const { probe, records } = probed(trainer);
    const { step } = trainer;
    trainer.step = () => {
      expect(trainingObserver()).toBeDefined();
      return Promise.reject(new Error('no more data'));
    };
    await expect(probe.step(1)).rejects.toThrow('no more data');
    expect(trainingObserver()).toBeUndefined();
    expect(records).toEqual([]);
    trainer.step = step;
    await trainer.step();
    expect(await probe.step(1)).toMatchObject({ hookCalls: [1, 1, 0], updates: [1, 1, 0] });
    expect(trainingObserver()).toBeUndefined();
  });

  test('many steps, states and samples leak no tensor', async () => {
    const trainer = Object.assign(new Tiny(), { sample: async () => [] });
    trainer.register();
    const { probe } = probed(trainer);
    const memory = [];
    for (let step = 1; step <= 6; step++) {
      await probe.step(step);
      await probe.state('pass', step);
      await probe.sample('pass', step);
      const { numTensors, numDataBuffers } = tf.memory();
      memory.push({ numTensors, numDataBuffers });
    }
    expect(memory.slice(1)).toEqual(Array(5).fill(memory[0]));
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import type { Trainer } from '../training/trainer.ts';
import { type LayersTraining, layersTrainer } from './layers-trainer.ts';
import { begin, run, START } from './testing/runs.ts';
import { LOOPS, model, OPTIMIZERS, training } from './testing/trainings.ts';

let scratch: string;
let saves = 0;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-layers-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));
const newPath = (): string => path.join(scratch, `checkpoint-${++saves}`);

describe('a layers trainer', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  test('observes every weight, running statistic, RNN state, slot and counter, under the usual names', async () => {
    const trainer = await begin(training(LOOPS.fit!, OPTIMIZERS.adam));
    await trainer.step();
    const { parameters, slots, buffers, counters, random } = trainer.observe();
    const flags = parameters.map(({ name, trainable }) => [name, trainable]);
    expect(Object.fromEntries(flags)).toEqual({
      'rnn/kernel': true,
      'rnn/recurrent_kernel': true,
      'rnn/bias': true,
      'frozen/kernel': false,
      'frozen/bias': false,
      'norm/gamma': true,
      'norm/beta': true,
      'out/kernel': true,
      'out/bias': true,
    });
    const trained = flags.filter(([, trainable]) => trainable).map(([name]) => name);
    for (const slot of ['firstMoment', 'secondMoment']) {
      const own = slots!.filter((one) => one.slot === slot).map(({ parameter }) => parameter);
      expect(own.sort()).toEqual(trained.toSorted());
    }
    expect([...buffers!.keys()].sort()).toEqual(['norm/moving_mean', 'norm/moving_variance', 'rnn/state0']);
    expect(counters).toMatchObject({
      batches: 1,
      epoch: 0,
      'optimizer.iterations': 1,
      'optimizer.learningRate': 0.01,
      'optimizer.accBeta1': Math.fround(Math.fround(0.9) * Math.fround(0.9)),
    });
    expect(Object.keys(random!)).toEqual(['loop', 'layers']);
  });

  test('observes the learning rate that the update uses, even if the optimizer reports another one', async () => {
    const of = training(async (model) => {
      const xs = tf.ones([4, 2, 2]);
      await model.trainOnBatch(xs, tf.ones([4, 1]));
      (model.optimizer as unknown as { learningRate: number }).learningRate = 0.5;
      await model.trainOnBatch(xs, tf.ones([4, 1]));
      (model.optimizer as tf.SGDOptimizer).setLearningRate(0.25);
      await model.trainOnBatch(xs, tf.ones([4, 1]));
    }, OPTIMIZERS.sgd);
    const steps = await run(await begin(of), 0, 3);
    const at = steps[0]!.updates.indexOf(1);
    expect(steps.map(({ learningRates, claimed }) => [learningRates[at], claimed.learningRates.all])).toEqual(
      [
        [0.1, 0.1],
        [Math.fround(0.1), 0.5],
        [0.25, 0.25],
      ],
    );
    for (const { updateL2, gradientL2, learningRates } of steps) {
      expect(updateL2[at]).toBeCloseTo(learningRates[at]! * gradientL2[at]!, 6);
    }
  });

  test('restores only the weights in a cold start', async () => {
    const of = training(LOOPS.fit!, OPTIMIZERS.adam);
    const trained = await begin(of);
    await run(trained, 0, 4);
    const file = newPath();
    await trained.save(file);
    const cold = await layersTrainer({ seed: 3, checkpoint: file, weightsOnly: true }, of);
    const weights = (trainer: Trainer) =>
      trainer.observe().parameters.map(({ name, variable }) => [name, variable.dataSync()]);
    expect(weights(cold)).toEqual(weights(trained));
    expect(cold.observe().slots).toEqual([]);
    expect(cold.observe().counters).toMatchObject({ batches: 0, 'optimizer.iterations': 0 });
  });

  test('seeds Math.random only inside build and loop', async () => {
    const drawn: number[] = [];
    const of = training(async (model) => {
      drawn.push(Math.random());
      await LOOPS.fit!(model);
    }, OPTIMIZERS.sgd);
    await begin(of);
    await begin(of);
    expect(drawn[0]).toBe(drawn[1]);
    expect(new Set([drawn[0], Math.random(), Math.random()]).size).toBe(3);
  });
});

describe('a layers trainer refuses, in one line,', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });
  const save = async (of: LayersTraining<LayersModel>, steps: number): Promise<string> => {
    const trainer = await begin(of);
    await run(trainer, 0, steps);
    const file = newPath();
    await trainer.save(file);
    return file;
  };
  const short = (batches: number) =>
    training(async (model) => {
      for (let n = 0; n < batches; n += 1) await model.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
    }, OPTIMIZERS.sgd);

  test('a model without an optimizer', async () => {
    const build = () => sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
    await expect(begin({ build, loop: async () => {} })).rejects.toThrow(
      /no model has an optimizer: compile a model/,
    );
  });
  test('a loop that ends before the plan does', async () => {
    await expect(run(await begin(short(2)), 0, 3)).rejects.toThrow(/the loop ended after 2 batches/);
  });
  test('a resumed loop that ends before the batch of the checkpoint', async () => {
    const file = await save(short(5), 4);
    await expect(begin(short(3), file)).rejects.toThrow(
      /ended after 3 batches, before the batch of the checkpoint/,
    );
  });
  test('a loop that validates differently from the saved one', async () => {
    const file = await save(training(LOOPS.fit!, OPTIMIZERS.sgd), 5);
    await expect(begin(short(9), file)).rejects.toThrow(
      /trained 6 batches up to the checkpoint, but the saved loop trained 5/,
    );
  });
  test('two batches at the same time', async () => {
    const both = training(async (model) => {
      const batch = () => model.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
      await Promise.all([batch(), batch()]);
    }, OPTIMIZERS.sgd);
    await expect(run(await begin(both), 0, 1)).rejects.toThrow(/two batches are trained at the same time/);
  });
  test('a checkpoint of a different optimizer', async () => {
    const file = await save(training(LOOPS.fit!, OPTIMIZERS.adam), 2);
    const other = training(LOOPS.fit!, OPTIMIZERS.sgd);
    await expect(begin(other, file)).rejects.toThrow(/expected SGD for optimizer, received Adam;.*nothing/);
  });
  test('a checkpoint of a different model', async () => {
    const file = await save(short(3), 2);
    const build = () => {
      const other = sequential({
        layers: [layers.flatten({ inputShape: [2, 2] }), layers.dense({ name: 'else', units: 1 })],
      });
      other.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
      return other;
    };
    await expect(begin({ ...short(3), build }, file)).rejects.toThrow(/else\/kernel.*nothing was restored/);
  });
  test('a step in which the loop throws, with the loop’s error', async () => {
    const throwing = training(async (model) => {
      await model.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
      throw new Error('the data ended');
    }, OPTIMIZERS.sgd);
    await expect(run(await begin(throwing), 0, 1)).rejects.toThrow(/the data ended/);
  });
});

test('a resumed loop that makes batches from model outputs equals an uninterrupted one', async () => {
  await openBackend('cpu');
  const of = (): LayersTraining<{ forger: LayersModel; critic: LayersModel }> => ({
    build() {
      const one = (name: string) =>
        sequential({ layers: [layers.dense({ name, units: 2, inputShape: [2] })] });
      const [forger, critic] = [one('draw'), one('score')];
      for (const each of [forger, critic]) each.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      return { forger, critic };
    },
    async loop({ forger, critic }) {
      for (;;) {
        const noise = tf.randomNormal([4, 2]);
        await critic.trainOnBatch(forger.predict(noise) as tf.Tensor, noise);
        await forger.trainOnBatch(noise, critic.predict(noise) as tf.Tensor);
      }
    },
  });
  const control = await run(await layersTrainer(START, of()), 0, 6);
  for (const at of [1, 2, 4]) {
    const checkpoint = newPath();
    const before = await layersTrainer(START, of());
    await run(before, 0, at);
    await before.save(checkpoint);
    const after = await layersTrainer({ ...START, checkpoint }, of());
    expect(await run(after, at, 6)).toEqual(control.slice(at));
  }
});

test('a model that is compiled again during training is observed with its new optimizer', async () => {
  await openBackend('cpu');
  const of: LayersTraining<Record<string, never>> = {
    build: () => ({}),
    async loop() {
      const dense = layers.dense({ name: 'only', units: 1, inputShape: [2] });
      const tuned = sequential({ name: 'tuned', layers: [dense] });
      for (const optimizer of [tf.train.momentum(0.1, 0.9), tf.train.adam(0.01)]) {
        tuned.compile({ optimizer, loss: 'meanSquaredError' });
        await tuned.fit(tf.ones([8, 2]), tf.ones([8, 1]), { batchSize: 4, epochs: 2, verbose: 0 });
      }
    },
  };
  const control = await layersTrainer(START, of);
  const passed = await run(control, 0, 8);
  const learningRates = passed.map((step) => [step.claimed.learningRates, step.learningRates]);
  expect(learningRates.slice(3, 5)).toEqual([
    [{ all: 0.1 }, [0.1, 0.1]],
    [{ all: 0.01 }, [0.01, 0.01]],
  ]);
  expect(new Set(control.observe().slots!.map(({ slot }) => slot))).toEqual(
    new Set(['firstMoment', 'secondMoment'].map((slot) => `tuned.${slot}`)),
  );
  for (const at of [2, 4, 6]) {
    const checkpoint = newPath();
    const before = await layersTrainer(START, of);
    await run(before, 0, at);
    await before.save(checkpoint);
    expect(await run(await layersTrainer({ ...START, checkpoint }, of), at, 8)).toEqual(passed.slice(at));
  }
});

test('weights shared by several models are observed once, under their first name', async () => {
  await openBackend('cpu');
  const trainer = await layersTrainer(START, {
    build() {
      const one = model(tf.train.sgd(0.1));
      const two = sequential({ layers: one.layers });
      two.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
      return { one, two };
    },
    loop: async ({ one, two }) => {
      await one!.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
      await two!.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
    },
  });
  const [first, second] = await run(trainer, 0, 2);
  const names = trainer.observe().parameters.map(({ name }) => name);
  expect(names.every((name) => name.startsWith('one.'))).toBe(true);
  expect(new Set(names).size).toBe(9);
  expect(first!.claimed.learningRates).toEqual({ one: 0.1, two: 0.01 });
  expect(new Set(second!.learningRates)).toEqual(new Set([0.01, null]));
});

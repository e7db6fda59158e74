import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import type { Trainer } from '../training/trainer.ts';
import { run, START, stateOf } from './testing/runs.ts';
import { OPTIMIZERS } from './testing/trainings.ts';
import { type VariablesTraining, variablesTrainer } from './variables-trainer.ts';

const STEPS = 6;
let scratch: string;
let saves = 0;
beforeAll(async () => {
  await openBackend('cpu');
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-variables-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Made {
  readonly slope: tf.Variable;
  readonly offset: tf.Variable;
  readonly optimizer: tf.Optimizer;
}
const make = (optimizer: () => tf.Optimizer) => (): Made => ({
  optimizer: optimizer(),
  slope: tf.variable(tf.randomNormal([2, 1])),
  offset: tf.variable(tf.scalar(Math.random())),
});
const loss = ({ slope, offset }: Made, target = 3): tf.Scalar => {
  const xs = tf.randomNormal([4, 2]) as tf.Tensor2D;
  return tf.mean(tf.square(tf.sub(tf.add(tf.matMul(xs, slope as tf.Tensor2D), offset), target)));
};

/** The first loop draws inside `minimize` and reads its own cost. The second computes its gradients itself. */
const LOOPS: Record<string, Omit<VariablesTraining<Made>, 'build'>> = {
  'that is replayed': {
    async loop(made, hold) {
      let target = 3;
      for (await hold(); ; await hold()) {
        const cost = made.optimizer.minimize(() => loss(made, target), true)!;
        // The next draws depend on the cost.
        for (let n = 0; n < Math.round(cost.dataSync()[0]!) % 3; n += 1) Math.random();
        made.optimizer.minimize(() => loss(made, target));
        // The next step depends on a trained weight.
        target = 3 + made.offset.dataSync()[0]!;
      }
    },
  },
  'that continues': {
    continues: true,
    async loop(made, hold) {
      for (await hold(); ; ) {
        const { value, grads } = tf.variableGrads(() => loss(made));
        made.optimizer.applyGradients(grads);
        await hold({ loss: value.dataSync()[0]! });
      }
    },
  },
};

const begin = (training: VariablesTraining<Made>, checkpoint?: string): Promise<Trainer> =>
  variablesTrainer({ ...START, checkpoint }, training);

describe.each(Object.entries(LOOPS))('a loop %s', (_, loop) => {
  test.each(Object.entries(OPTIMIZERS))(
    'with %s equals an uninterrupted one after a resume',
    async (_, optimizer) => {
      const training = { build: make(optimizer), ...loop };
      const control = await begin(training);
      const passed = await run(control, 0, STEPS);
      const end = await stateOf(control, STEPS);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: STEPS - 1 }), async (at) => {
          const file = path.join(scratch, `checkpoint-${++saves}`);
          const before = await begin(training);
          await run(before, 0, at);
          const saved = await stateOf(before, at);
          await before.save(file);
          const after = await begin(training, file);
          expect(await stateOf(after, at)).toEqual(saved);
          expect(await run(after, at, STEPS)).toEqual(passed.slice(at));
          expect(await stateOf(after, STEPS)).toEqual(end);
        }),
        { numRuns: 2 },
      );
    },
  );
});

describe('a variables trainer refuses, in one line that says what to do,', () => {
  const build = make(OPTIMIZERS.adam);
  const again = { build, ...LOOPS['that is replayed']! };
  const continued = { build, ...LOOPS['that continues']! };
  async function saved(training: VariablesTraining<Made>): Promise<string> {
    const file = path.join(scratch, `checkpoint-${++saves}`);
    const trainer = await begin(training);
    await run(trainer, 0, 2);
    await trainer.save(file);
    return file;
  }
  test('an update before the first hold', async () => {
    const loop = async (made: Made) => made.optimizer.minimize(() => loss(made));
    await expect(begin({ build, loop })).rejects.toThrow(/before the first hold\(\): await hold\(\)/);
  });
  test('a resumed loop that ends before the step of the checkpoint', async () => {
    const loop: typeof again.loop = async (made, hold) => {
      await hold();
      made.optimizer.minimize(() => loss(made));
    };
    await expect(begin({ build, loop }, await saved(again))).rejects.toThrow(/ended after 1 steps/);
  });
  test('a replayed loop that computes its own gradients', async () => {
    const training = { build, loop: continued.loop };
    await expect(begin(training, await saved(continued))).rejects.toThrow(
      /start the loop at the checkpoint’s step.*continues/,
    );
  });
  test('a checkpoint of a different optimizer', async () => {
    const other = { ...again, build: make(OPTIMIZERS.sgd) };
    await expect(begin(other, await saved(again))).rejects.toThrow(
      /expected SGD for optimizer, received Adam;.*nothing/,
    );
  });
  test('`files` without `continues`', async () => {
    const files = { save: async () => {}, load: async () => ({ built: build(), steps: 1 }) };
    await expect(begin({ ...again, files })).rejects.toThrow(/set `continues: true`/);
  });
});

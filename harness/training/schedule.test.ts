import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { adamW } from './adamw.ts';
import { Optimizer } from './optimizer.ts';
import { Schedule, warmupCosine } from './schedule.ts';

beforeAll(async () => {
  await openBackend('cpu');
});

function optimizer(...learningRates: number[]): Optimizer {
  const groups = learningRates.map((learningRate, index) => ({
    name: `group ${index}`,
    parameters: [{ name: `${index}`, variable: tf.variable(tf.scalar(1)) }],
    learningRate,
    weightDecay: 0,
  }));
  return new Optimizer(groups, adamW());
}

test('rises linearly from 0, then falls to 0 as half a cosine and stays there', () => {
  const factor = warmupCosine(4, 12);
  expect([0, 1, 2, 3, 4].map(factor)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  const cosine = [6, 8, 10, 12, 13, 99].map(factor);
  const wanted = [0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2, 0, 0, 0];
  for (const [at, value] of wanted.entries()) expect(cosine[at]).toBeCloseTo(value, 12);
  expect(warmupCosine(0, 10)(0), 'without warm-up').toBe(1);
});

test('like LambdaLR, sets the learning rate of epoch 0 at once, and base × factor after each step', () => {
  const own = optimizer(0.1, 3);
  const schedule = new Schedule(own, (epoch) => epoch / 8);
  const seen = [schedule.learningRates()];
  for (let step = 0; step < 3; step++) {
    schedule.step();
    seen.push(schedule.learningRates());
  }
  expect(seen).toEqual([0, 1, 2, 3].map((n) => ({ 'group 0': 0.1 * (n / 8), 'group 1': 3 * (n / 8) })));
  expect(own.groups.map(({ learningRate }) => learningRate)).toEqual([0.1 * (3 / 8), 3 * (3 / 8)]);
});

test('a restored schedule continues like the saved one, on the current groups', () => {
  const factor = warmupCosine(3, 11);
  const saved = optimizer(0.1, 3);
  const original = new Schedule(saved, factor);
  for (let step = 0; step < 5; step++) original.step();
  const state = JSON.parse(JSON.stringify(original.state()));

  // As in a resume, the schedule starts with different learning rates, and the groups are replaced after that.
  const resumed = optimizer(7, 7);
  const schedule = new Schedule(resumed, factor);
  const old = resumed.groups[0]!;
  resumed.loadState({ ...resumed.state(), steps: {} }, new Map());
  schedule.restore(state);
  expect(schedule.learningRates()).toEqual(original.learningRates());
  for (let step = 0; step < 4; step++) {
    original.step();
    schedule.step();
    expect(schedule.learningRates()).toEqual(original.learningRates());
  }
  expect(resumed.groups.map(({ learningRate }) => learningRate)).toEqual(
    saved.groups.map(({ learningRate }) => learningRate),
  );
  expect(old.learningRate, 'the group from before the restore').toBe(0);
  expect(schedule.state()).toEqual(original.state());
});

test('a saved state does not change with the schedule, and a different number of groups is refused', () => {
  const schedule = new Schedule(optimizer(0.1), (epoch) => epoch);
  const state = schedule.state();
  schedule.step();
  expect(state).toEqual({ lastEpoch: 0, baseLearningRates: [0.1] });
  expect(() => schedule.restore({ lastEpoch: 9, baseLearningRates: [1, 2] })).toThrow(
    'expected 1 base learning rates for the schedule, received 2',
  );
  expect(schedule.state()).toEqual({ lastEpoch: 1, baseLearningRates: [0.1] });
});

import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { sgd } from '../training/momentum.ts';
import { createLoop, type LoopContext } from './loop.ts';
import type { Recipe } from './recipe.ts';

const RECIPE: Recipe = {
  model: {
    shapes: new Map([['weight', [1]]]),
    initialise: () => new Float32Array(1),
    examples: { size: 4, id: String },
    loss: ({ read }) => tf.sum(read('weight')) as tf.Scalar,
  },
  optimizers: [
    {
      name: 'all',
      groups: [{ name: 'all', owns: () => true, learningRate: 1 }],
      update: sgd(),
      schedule: () => 1,
    },
  ],
  batch: 1,
};
const PHASES = ['one', 'other'].map((name) => ({ name, trains: () => true }));
const context: LoopContext = {
  role: 'control',
  seed: 0,
  plan: { steps: 2, resumeAt: [1] },
  images: undefined,
  checkpoint: undefined,
  weightsOnly: false,
};

test.each<[string, Partial<Recipe>]>([
  ['fused: .backward-pass. and accumulate: 2', { fused: 'backward-pass', accumulate: 2 }],
  [
    'fused: .optimizer-groups. and lossScale',
    { fused: 'optimizer-groups', lossScale: { initial: 2, growthInterval: 2 } },
  ],
  ['2 phases and accumulate: 3', { phases: PHASES, accumulate: 3 }],
  ['2 phases and lossScale', { phases: PHASES, lossScale: { initial: 2, growthInterval: 2 } }],
])('refuses a recipe that combines %s', async (said, asked) => {
  await expect(createLoop(context, { ...RECIPE, ...asked })).rejects.toThrow(new RegExp(said));
});

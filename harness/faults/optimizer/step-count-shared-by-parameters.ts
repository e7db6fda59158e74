/**
 * After the resume, all parameters of an optimizer share one step count, because the load made one object for them. The
 * count is correct before the first step. Then it advances once for each parameter instead of once for each update. This
 * distorts bias correction and everything else that depends on the step, and more so for later parameters.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../../training/gradients.ts';
import type { Optimizer, UpdateRule } from '../../training/optimizer.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isUnfused, need } from '../needs.ts';

/** Whether the update rule uses the step. */
function readsStep(update: UpdateRule): boolean {
  let read = false;
  tf.tidy(() => {
    const one = tf.tensor1d([1]);
    update({
      parameter: one,
      gradient: one,
      slots: {},
      get step() {
        read = true;
        return 1;
      },
      learningRate: 1,
      weightDecay: 0,
    });
  });
  return read;
}

function setSteps(optimizer: Optimizer, steps: ReadonlyMap<string, number>): void {
  const state = optimizer.state();
  const slots = optimizer
    .slots()
    .map(({ parameter, slot, tensor }): [string, tf.Tensor] => [`${parameter}.${slot}`, tensor.clone()]);
  optimizer.loadState({ ...state, steps: { ...state.steps, ...Object.fromEntries(steps) } }, new Map(slots));
}

/** Names of the parameters about to be stepped, in order. */
const stepped = (optimizer: Optimizer, gradients: Gradients): string[] =>
  optimizer.parameters.filter(({ variable }) => gradients.of(variable) !== undefined).map(({ name }) => name);

export default defineLoopFault({
  breaks:
    'All parameters of an optimizer share one step count after the resume, and each of them advances it.',
  proofs: ['faithful'],
  rule: ['final-counters-differ', 'update-counts-differ'],
  cause: 'optimizer-step-runs-fast',
  needs: [
    isUnfused,
    need('has an update rule that does not read the step', ({ recipe }) =>
      recipe.optimizers.every(({ update }) => readsStep(update)),
    ),
    need('has no optimizer of several parameters', ({ driven }) =>
      driven.some(
        ({ optimizer }) => optimizer.parameters.filter(({ variable }) => variable.trainable).length > 1,
      ),
    ),
  ],
  change(stages) {
    inEachStep(stages, 'update', async (parts, original) => {
      const { driven, gradients, now } = parts;
      if (!now.due || now.overflowed) return original(parts);
      const counts = driven.map(({ optimizer }) => {
        const names = stepped(optimizer, gradients);
        const { steps } = optimizer.state();
        const shared = Math.max(0, ...names.map((name) => steps[name] ?? 0));
        setSteps(optimizer, new Map(names.map((name, at) => [name, shared + at])));
        return { optimizer, names, shared };
      });
      await original(parts);
      for (const { optimizer, names, shared } of counts) {
        setSteps(optimizer, new Map(names.map((name) => [name, shared + names.length])));
      }
    });
  },
});

/**
 * Diagnosis: after the resume all parameters of an optimizer share one step count (the load made one object for
 * them): it is exact before the first step, then advances once for each parameter instead of once an update, which
 * spoils bias correction and everything else that depends on the step, more for parameters further back.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../../training/gradients.ts';
import type { Optimizer, UpdateRule } from '../../training/optimizer.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isUnfused } from '../needs.ts';

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
  breaks: 'After a resume all parameters of an optimizer share one step count, which each of them advances.',
  proofs: ['faithful'],
  rule: ['final-counters-differ', 'update-counts-differ'],
  cause: 'optimizer-step-runs-fast',
  needs: (parts) =>
    isUnfused(parts) &&
    parts.recipe.optimizers.every(({ update }) => readsStep(update)) &&
    parts.driven.some(
      ({ optimizer }) => optimizer.parameters.filter(({ variable }) => variable.trainable).length > 1,
    ),
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

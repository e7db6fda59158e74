/**
 * Diagnosis: everything is restored, but the first step after the resume runs its forward pass twice (a warm-up
 * that restores the random streams, but not the buffers): running statistics take in that batch twice, and stay off
 * from then on by an error that decays.
 */
import * as tf from '@tensorflow/tfjs-core';
import { byName } from '../../loop/parts.ts';
import type { SteppingParts } from '../../loop/step.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

/** An extra forward pass in training mode. */
function rehearse({ recipe, views, buffers, random, training, now }: SteppingParts): void {
  const states = [...random.values()].map((stream) => ({ stream, state: stream.state() }));
  tf.tidy(() => {
    recipe.model.loss({
      read: byName(views.loss()),
      buffer: (name) => buffers.get(name)!,
      examples: now.examples,
      random: (name) => random.get(name)!,
      training,
      phase: recipe.phases?.[0]?.name ?? 'loss',
    });
  });
  for (const { stream, state } of states) stream.restore(state);
}

export default defineLoopFault({
  breaks:
    'The first batch after a resume goes through the model twice, so running statistics count it twice.',
  proofs: ['faithful'],
  rule: 'final-buffers-differ',
  cause: 'buffers-updated-otherwise',
  needs: hasBuffers,
  change(stages) {
    let rehearsed = false;
    inEachStep(stages, 'backward', async (parts, original) => {
      if (!rehearsed) rehearse(parts);
      rehearsed = true;
      await original(parts);
    });
  },
});

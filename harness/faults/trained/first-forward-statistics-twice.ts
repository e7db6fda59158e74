/**
 * The restore is correct, but the first step after it runs its forward pass twice, as in a warm-up that restores the
 * random streams and not the buffers. The running statistics count this batch twice, and the error decays slowly.
 */
import * as tf from '@tensorflow/tfjs-core';
import { byName } from '../../loop/parts.ts';
import type { SteppingParts } from '../../loop/step.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

/** An extra forward pass in training mode. */
function warmUp({ recipe, views, buffers, random, training, now }: SteppingParts): void {
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
    'The first batch after the resume goes through the model twice, so running statistics count it twice.',
  proofs: ['faithful'],
  rule: 'final-buffers-differ',
  cause: 'buffers-updated-differently',
  needs: hasBuffers,
  change(stages) {
    let warmedUp = false;
    inEachStep(stages, 'backward', async (parts, original) => {
      if (!warmedUp) warmUp(parts);
      warmedUp = true;
      await original(parts);
    });
  },
});

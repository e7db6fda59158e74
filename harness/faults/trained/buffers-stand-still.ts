import * as tf from '@tensorflow/tfjs-core';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Running statistics are no longer updated, although dropout is active.',
  proofs: ['alive'],
  rule: 'buffers-do-not-advance',
  cause: 'buffers-stall',
  needs: hasBuffers,
  change: (stages) =>
    inEachStep(stages, 'backward', async (parts, original) => {
      const before = [...parts.buffers.values()].map((buffer) => [buffer, tf.clone(buffer)] as const);
      await original(parts);
      for (const [buffer, values] of before) buffer.assign(values);
      tf.dispose(before.map(([, values]) => values));
    }),
});

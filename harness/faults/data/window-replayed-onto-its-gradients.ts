/**
 * The run is saved in the middle of an accumulation. The accumulated gradients are restored, but the data position is
 * set to the first micro-batch of the window. These micro-batches are added a second time, and all later batches lag
 * behind by as many micro-batches.
 */

import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { accumulates, hasNoShuffleBuffer, need, restores } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'The data position goes back to the last complete update, but the gradients accumulated since then are kept.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: [
    accumulates,
    hasNoShuffleBuffer,
    restores('data-order', 'step-count', 'gradients'),
    need('is not saved within an accumulation', ({ context, accumulate }) =>
      context.plan.resumeAt.some((step) => step % accumulate !== 0),
    ),
  ],
  change(stages) {
    onLoad(stages, (saved, { accumulate, recipe }) => {
      const { size } = recipe.model.examples;
      const begun = saved.step % accumulate;
      if (begun === 0) return saved;
      const read = saved.data.epoch * size + saved.data.position - begun * recipe.batch;
      const data = { epoch: Math.floor(Math.max(0, read) / size), position: Math.max(0, read) % size };
      return { ...saved, data };
    });
  },
});

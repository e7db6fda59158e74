/**
 * The run is saved in the middle of an accumulation. The accumulated gradients are restored, but the data position is
 * set to the first micro-batch of the window. These micro-batches are added a second time, and all later batches lag
 * behind by as many micro-batches.
 */

import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'The data position goes back to the last complete update, but the gradients accumulated since then are kept.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: (parts) =>
    accumulates(parts) &&
    typeof parts.recipe.shuffle !== 'object' &&
    !parts.recipe.forgets?.some((kind) => ['data-order', 'step-count', 'gradients'].includes(kind)) &&
    parts.context.plan.resumeAt.some((step) => step % parts.accumulate !== 0),
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

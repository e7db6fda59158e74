/**
 * Diagnosis: saved in mid-accumulation, the gradients of the current window come back, but the data cursor is set to
 * the window's first micro-batch: its micro-batches are read and added a second time, others move to later windows,
 * and all batches after the resume lag behind by that many micro-batches.
 */

import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The data resume at the last complete update, but the gradients accumulated since then are kept.',
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

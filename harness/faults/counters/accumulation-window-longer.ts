import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The accumulation window is one micro-batch longer.',
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      parts.accumulate += 1;
    }),
});

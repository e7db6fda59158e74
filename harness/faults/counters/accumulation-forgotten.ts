import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Every micro-batch makes an update, as if there were no accumulation.',
  reports: ['EleutherAI/gpt-neox#308'],
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      parts.accumulate = 1;
    }),
});

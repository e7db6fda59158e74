import { defineLoopFault, inEachStep, onceResumed } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The accumulation window restarts at the resume.',
  reports: ['vllm-project/speculators#859'],
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (stages) => {
    let from = 0;
    onceResumed(stages, (parts) => {
      from = parts.step;
    });
    inEachStep(stages, 'count', async (parts, original) => {
      await original(parts);
      parts.now.due = (parts.step - from) % parts.accumulate === 0;
    });
  },
});

import { accumulates } from '../needs.ts';
import { defineProgramFault, inEachStep, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'accumulation-phase-wrong',
  breaks: 'The window of micro-batches begins anew at the resume.',
  reports: ['vllm-project/speculators#859'],
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (program) => {
    let from = 0;
    onceResumed(program, (parts) => {
      from = parts.step;
    });
    inEachStep(program, 'count', async (parts, original) => {
      await original(parts);
      parts.now.due = (parts.step - from) % parts.accumulate === 0;
    });
  },
});

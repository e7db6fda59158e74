import { accumulates } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'accumulation-forgotten',
  breaks: 'Each micro-batch is an update.',
  reports: ['EleutherAI/gpt-neox#308'],
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (program) =>
    onceResumed(program, (parts) => {
      parts.accumulate = 1;
    }),
});

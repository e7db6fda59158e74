import { accumulates } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'accumulation-window-longer',
  breaks: 'The window is one micro-batch longer.',
  reports: [],
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'accumulation-phase',
  needs: accumulates,
  change: (program) =>
    onceResumed(program, (parts) => {
      parts.accumulate += 1;
    }),
});

import { hasSeveralOptimizers } from '../needs.ts';
import { defineProgramFault, inResume, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'optimizers-registered-late',
  breaks:
    'All optimizers and schedules but the first are registered after the restore, which does not know them.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'optimizer-registered-late',
  needs: hasSeveralOptimizers,
  change: (program) => {
    inResume(program, 'register', (parts) => {
      parts.registered = parts.driven.slice(0, 1);
    });
    onceResumed(program, (parts) => {
      parts.registered = parts.driven;
    });
  },
});

import { defineLoopFault, inResume, onceResumed } from '../loop-fault.ts';
import { hasSeveralOptimizers } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'All optimizers and schedules but the first are registered after the restore, so they are not restored.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'optimizer-registered-late',
  needs: hasSeveralOptimizers,
  change: (stages) => {
    inResume(stages, 'register', (parts) => {
      parts.registered = parts.driven.slice(0, 1);
    });
    onceResumed(stages, (parts) => {
      parts.registered = parts.driven;
    });
  },
});

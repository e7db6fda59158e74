import { defineLoopFault, inResume, onceResumed } from '../loop-fault.ts';
import { hasOneOptimizer } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The only optimizer and its schedule are registered after the restore, so they are not restored.',
  reports: ['X-GenGroup/Flow-Factory#172'],
  proofs: ['restored'],
  rule: ['slots-not-restored', 'counters-not-restored'],
  cause: ['optimizer-registered-late', 'schedule-restarted'],
  needs: hasOneOptimizer,
  change: (stages) => {
    inResume(stages, 'register', () => {});
    onceResumed(stages, (parts) => {
      parts.registered = parts.driven;
    });
  },
});

import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'updates-reset',
  breaks: 'The update count restarts at 0.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['step-reset'],
  needs: anyLoop,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      updates: 0,
    })),
});

import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The update count restarts at 0.',
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['step-reset'],
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      updates: 0,
    })),
});

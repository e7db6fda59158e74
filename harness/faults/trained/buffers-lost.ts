import { defineLoopFault, skip } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Only weights are loaded, and running statistics are not among them.',
  reports: ['lightly-ai/lightly-train#892'],
  proofs: ['restored'],
  rule: 'buffers-not-restored',
  cause: 'buffers-lost',
  needs: hasBuffers,
  change: (stages) => skip(stages, 'restore buffers'),
});

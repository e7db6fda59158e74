import { defineLoopFault, skip } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

export default defineLoopFault({
  id: 'buffers-lost',
  breaks: 'Running statistics are not among the weights, and only these are loaded.',
  reports: ['lightly-ai/lightly-train#892'],
  proofs: ['restored'],
  rule: 'buffers-not-restored',
  cause: 'buffers-lost',
  needs: hasBuffers,
  change: (stages) => skip(stages, 'restore buffers'),
});

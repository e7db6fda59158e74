import { defineLoopFault, skip } from '../loop-fault.ts';
import { hasBuffers } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The weights are loaded, but not the running statistics.',
  reports: ['lightly-ai/lightly-train#892'],
  proofs: ['restored'],
  rule: 'buffers-not-restored',
  cause: 'buffers-lost',
  needs: hasBuffers,
  change: (stages) => skip(stages, 'restore buffers'),
});

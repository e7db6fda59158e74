import { hasBuffers } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'buffers-lost',
  breaks: 'Running statistics are not among the weights, and only these are loaded.',
  reports: ['lightly-ai/lightly-train#892'],
  proofs: ['restored'],
  rule: 'buffers-not-restored',
  cause: 'buffers-lost',
  needs: hasBuffers,
  change: (program) => skip(program, 'restore buffers'),
});

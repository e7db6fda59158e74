import { reordered } from '../../loop/stages.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is built from the live weights after the restore.',
  reports: ['hao-ai-lab/FastVideo#1440'],
  proofs: ['restored'],
  rule: ['ema-not-restored', 'counters-not-restored'],
  cause: ['ema-built-late', 'ema-counter-reset'],
  needs: hasEma,
  change: (stages) => {
    stages.assembly = reordered(stages.assembly, 'ema', { after: 'restore counters' });
  },
});

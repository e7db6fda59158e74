import { moved } from '../../loop/stages.ts';
import { hasEma } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'ema-built-late',
  breaks: 'The EMA is built after it was restored, from the live weights.',
  reports: ['hao-ai-lab/FastVideo#1440'],
  proofs: ['restored'],
  rule: ['ema-not-restored', 'counters-not-restored'],
  cause: ['ema-built-late', 'ema-counter-reset'],
  needs: hasEma,
  change: (program) => {
    program.assembly = moved(program.assembly, 'ema', { after: 'restore counters' });
  },
});

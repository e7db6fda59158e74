import { moved } from '../../loop/stages.ts';
import { hasAverage } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'average-built-late',
  breaks: 'The average is built after it was restored, from the live weights.',
  reports: ['hao-ai-lab/FastVideo#1440'],
  proofs: ['restored'],
  rule: ['averages-not-restored', 'counters-not-restored'],
  cause: ['average-built-late', 'average-counter-reset'],
  needs: hasAverage,
  change: (program) => {
    program.assembly = moved(program.assembly, 'average', { after: 'restore counters' });
  },
});

import { moved } from '../../loop/stages.ts';
import { hasAverage } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

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
    // There is none yet when the restore looks for it.
    inResume(program, 'restore average', () => {});
    inResume(program, 'load', async (parts, original) => {
      const { average } = parts.recipe;
      parts.recipe = { ...parts.recipe, average: undefined };
      await original(parts);
      parts.recipe = { ...parts.recipe, average };
    });
  },
});

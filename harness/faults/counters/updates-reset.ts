import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'updates-reset',
  breaks: 'The count of updates begins at 0.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['step-reset'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      updates: 0,
    })),
});

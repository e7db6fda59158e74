import { dropsOut, hasBuffers } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'evaluation-mode',
  breaks: 'The model is resumed in evaluation mode: no dropout, statistics stand still.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: 'random-does-not-advance',
  cause: 'evaluation-mode',
  needs: (parts) => dropsOut(parts) || hasBuffers(parts),
  change: (program) =>
    onceResumed(program, (parts) => {
      parts.training = false;
    }),
});

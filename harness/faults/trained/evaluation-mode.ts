import { dropsOut } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'evaluation-mode',
  breaks: 'The model is resumed in evaluation mode: nothing is dropped out, statistics stand still.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: 'random-does-not-advance',
  cause: 'evaluation-mode',
  needs: dropsOut,
  change: (program) =>
    onceResumed(program, (parts) => {
      parts.training = false;
    }),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'step-reset',
  breaks: 'The step count begins at 0.',
  reports: ['kohya-ss/sd-scripts#1999', 'Lightning-AI/pytorch-lightning#850'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-reset',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      step: 0,
    })),
});

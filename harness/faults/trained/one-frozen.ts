import { owners } from '../../loop/parts.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'one-frozen',
  breaks: 'One parameter comes back frozen.',
  reports: ['huggingface/peft#3580'],
  proofs: ['restored', 'alive'],
  rule: 'trainable-changed',
  cause: 'trainable-lost',
  needs: anyLoop,
  change: (program) =>
    inResume(program, 'freeze', (parts, original) => {
      original(parts);
      const [first] = owners(parts.parameters).filter(({ variable }) => variable.trainable);
      first!.variable.trainable = false;
    }),
});

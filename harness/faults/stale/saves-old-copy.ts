import { copiesOf } from '../live.ts';
import { resumesTwice } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'saves-old-copy',
  breaks: 'What is saved is a copy that was made at the resume, not what is trained.',
  reports: ['huggingface/diffusers#5840'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-of-older-step', 'weights-not-loaded', 'weights-changed'],
  needs: resumesTwice,
  change: (program) =>
    onceResumed(program, (parts) => {
      const copy = copiesOf(parts.parameters);
      parts.views.save = () => copy;
    }),
});

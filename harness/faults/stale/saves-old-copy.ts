import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  id: 'saves-old-copy',
  breaks: 'What is saved is a copy that was made at the resume, not what is trained.',
  reports: ['huggingface/diffusers#5840'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-of-older-step', 'weights-not-loaded', 'weights-changed'],
  needs: resumesTwice,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      const copy = copiesOf(parts.parameters);
      parts.views.save = () => copy;
    }),
});

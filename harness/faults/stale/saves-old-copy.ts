import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The save writes a copy made at the resume instead of the trained weights.',
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

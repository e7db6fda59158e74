import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { dropsOut } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The model is resumed in evaluation mode: dropout is off and running statistics do not change.',
  proofs: ['alive', 'faithful'],
  rule: 'random-does-not-advance',
  cause: 'evaluation-mode',
  needs: dropsOut,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      parts.training = false;
    }),
});

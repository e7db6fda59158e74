import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The restore runs a step that overflows and halves the loss scale.',
  reports: ['huggingface/accelerate#4289'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['loss-scale-changed', 'loss-scale-reset'],
  needs: hasScaler,
  change: (stages) => onceResumed(stages, ({ scaler }) => scaler?.update(true)),
});

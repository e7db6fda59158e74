import { hasScaler } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'scaler-advanced',
  breaks: 'Restoring runs a step that overflows and halves the loss scale.',
  reports: ['huggingface/accelerate#4289'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['loss-scale-changed', 'loss-scale-reset'],
  needs: hasScaler,
  change: (program) => onceResumed(program, ({ scaler }) => scaler?.update(true)),
});

import { hasScaler } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'scaler-lost',
  breaks: 'The loss scale begins at its default.',
  reports: [
    'huggingface/transformers#11663',
    'ultralytics/ultralytics#22189',
    'facebookresearch/co-tracker#101',
  ],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'loss-scale-reset',
  needs: hasScaler,
  change: (program) => skip(program, 'restore scaler'),
});

import { reordered } from '../../loop/stages.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The loss scaler is built after the restore, so its scale starts at the default.',
  reports: [
    'mosaicml/composer#1376',
    'huggingface/transformers#11663',
    'ultralytics/ultralytics#22189',
    'facebookresearch/co-tracker#101',
  ],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'loss-scale-reset',
  needs: hasScaler,
  change: (stages) => {
    stages.assembly = reordered(stages.assembly, 'scaler', { after: 'restore counters' });
  },
});

import { moved } from '../../loop/stages.ts';
import { hasScaler } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'scaler-built-late',
  breaks: 'The loss scaler is built after it was restored: its scale begins at the default.',
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
  change: (program) => {
    program.assembly = moved(program.assembly, 'scaler', { after: 'restore counters' });
  },
});

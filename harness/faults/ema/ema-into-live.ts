import { onWeights } from '../edits.ts';
import { hasEma } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'ema-into-live',
  breaks: 'Training goes on from the EMA.',
  reports: [
    'Megvii-BaseDetection/YOLOX#1318',
    'atomistic-machine-learning/schnetpack#785',
    'harubaru/waifu-diffusion#31',
  ],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'ema-in-live-weights',
  needs: hasEma,
  change: (program) => onWeights(program, (weights, { tensors }) => new Map([...weights, ...tensors.ema])),
});

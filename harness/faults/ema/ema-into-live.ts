import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is loaded into the live weights.',
  reports: [
    'Megvii-BaseDetection/YOLOX#1318',
    'atomistic-machine-learning/schnetpack#785',
    'harubaru/waifu-diffusion#31',
  ],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'ema-in-live-weights',
  needs: hasEma,
  change: (stages) => onWeights(stages, (weights, { tensors }) => new Map([...weights, ...tensors.ema])),
});

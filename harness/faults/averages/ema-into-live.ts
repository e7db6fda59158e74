import { hasAverage } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'ema-into-live',
  breaks: 'Training goes on from the average.',
  reports: [
    'Megvii-BaseDetection/YOLOX#1318',
    'atomistic-machine-learning/schnetpack#785',
    'harubaru/waifu-diffusion#31',
  ],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'average-in-live-weights',
  needs: hasAverage,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      tensors: { ...saved.tensors, model: new Map([...saved.tensors.model, ...saved.tensors.ema]) },
    })),
});

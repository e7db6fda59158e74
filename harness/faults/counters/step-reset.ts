import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The step count restarts at 0.',
  reports: ['kohya-ss/sd-scripts#1999', 'Lightning-AI/pytorch-lightning#850'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-reset',
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      step: 0,
    })),
});

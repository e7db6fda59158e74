import { defineLoopFault, onSave } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'A weight is missing from the checkpoint, so the load refuses it.',
  reports: ['Lightning-AI/pytorch-lightning#19970'],
  proofs: ['alive'],
  rule: 'run-died',
  cause: 'refused',
  saves: true,
  change: (stages) =>
    onSave(stages, (checkpoint) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, model: new Map([...checkpoint.tensors.model!].slice(1)) },
    })),
});

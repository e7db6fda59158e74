import { savingWithBefore } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The save writes the state of the previous step.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'counters-not-restored', 'equals-cold-start', 'slots-not-restored'],
  cause: ['saved-before-update', 'older-checkpoint', 'nothing-restored', 'weights-alone'],
  saves: true,
  change: (stages) => savingWithBefore(stages, (_checkpoint, before) => before),
});

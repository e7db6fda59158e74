import { savingWithBefore } from '../live.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'saved-a-step-early',
  breaks: 'What is saved is the state of the step before.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'counters-not-restored', 'equals-cold-start', 'slots-not-restored'],
  cause: ['saved-before-update', 'older-checkpoint', 'nothing-restored', 'weights-alone'],
  saves: true,
  needs: anyLoop,
  change: (program) => savingWithBefore(program, (_checkpoint, before) => before),
});

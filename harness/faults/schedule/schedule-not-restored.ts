import { defineLoopFault, skip } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule is not restored, so the learning rate starts over after the first step.',
  reports: ['Lightning-AI/pytorch-lightning#4655'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-restarted',
  change: (stages) => skip(stages, 'restore schedules'),
});

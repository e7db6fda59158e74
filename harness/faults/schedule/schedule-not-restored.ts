import { defineLoopFault, skip } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule is not restored: after the first step the learning rate starts over.',
  reports: ['Lightning-AI/pytorch-lightning#4655'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-restarted',
  change: (stages) => skip(stages, 'restore schedules'),
});

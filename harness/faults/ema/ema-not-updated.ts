import { defineLoopFault, skipInEachStep } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  id: 'ema-not-updated',
  breaks: 'The EMA is no longer updated.',
  reports: [],
  proofs: ['alive'],
  rule: 'ema-does-not-advance',
  cause: 'ema-stalls',
  needs: hasEma,
  change: (stages) => skipInEachStep(stages, 'ema'),
});

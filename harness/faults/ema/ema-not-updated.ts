import { defineLoopFault, skipInEachStep } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is no longer updated.',
  proofs: ['alive'],
  rule: 'ema-does-not-advance',
  cause: 'ema-stalls',
  needs: hasEma,
  change: (stages) => skipInEachStep(stages, 'ema'),
});

import { hasEma } from '../needs.ts';
import { defineProgramFault, skipInEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'ema-not-updated',
  breaks: 'The EMA is not updated any more.',
  reports: [],
  proofs: ['alive'],
  rule: 'ema-does-not-advance',
  cause: 'ema-stalls',
  needs: hasEma,
  change: (program) => skipInEachStep(program, 'ema'),
});

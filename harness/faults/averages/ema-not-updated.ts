import { hasAverage } from '../needs.ts';
import { defineProgramFault, skipInEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'ema-not-updated',
  breaks: 'The average is not updated any more.',
  reports: [],
  proofs: ['alive'],
  rule: 'averages-do-not-advance',
  cause: 'average-stalls',
  needs: hasAverage,
  change: (program) => skipInEachStep(program, 'average'),
});

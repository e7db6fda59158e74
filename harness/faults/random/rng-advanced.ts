import { draws } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'rng-advanced',
  breaks: 'Restoring draws a number.',
  reports: ['huggingface/transformers#46628'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-changed',
  needs: draws,
  change: (program) =>
    onceResumed(program, ({ random }) => {
      for (const stream of random.values()) stream.gaussian(1);
    }),
});

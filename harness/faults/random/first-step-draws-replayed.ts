/**
 * Diagnosis: the random streams come back exactly, but the first step after the resume runs inside a fork of them
 * (as for a compiler's warm-up): after it they are put back, and the second step repeats the first one's draws; all
 * later draws lag behind by one step.
 */
import { draws } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'first-step-draws-replayed',
  breaks: 'The first resumed step does not advance the random streams, so the second draws the same again.',
  reports: [],
  proofs: ['faithful'],
  rule: 'final-random-differs',
  cause: 'random-drawn-otherwise',
  needs: draws,
  change(program) {
    const forked = new Map<string, string>();
    let steps = 0;
    inEachStep(program, 'log', (parts, original) => {
      steps += 1;
      for (const [name, stream] of parts.random) {
        if (steps === 1) forked.set(name, stream.state());
        if (steps === 2) stream.restore(forked.get(name)!);
      }
      return original(parts);
    });
  },
});

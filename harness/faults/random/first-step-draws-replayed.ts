/**
 * Diagnosis: the random streams come back exactly, but the first step after the resume runs inside a fork of them
 * (as for a compiler's warm-up): they are restored after it, and the second step repeats the first one's draws; all
 * later draws lag behind by one step.
 */

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { draws } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The first resumed step does not advance the random streams, so the second draws the same again.',
  proofs: ['faithful'],
  rule: ['final-random-differs', 'random-does-not-advance'],
  cause: 'random-drawn-otherwise',
  needs: draws,
  change(stages) {
    const forked = new Map<string, string>();
    let done = false;
    inEachStep(stages, 'log', (parts, original) => {
      if (!done) for (const [name, stream] of parts.random) forked.set(name, stream.state());
      return original(parts);
    });
    inEachStep(stages, 'count updates', async (parts, original) => {
      await original(parts);
      if (!done) for (const [name, stream] of parts.random) stream.restore(forked.get(name)!);
      done = true;
    });
  },
});

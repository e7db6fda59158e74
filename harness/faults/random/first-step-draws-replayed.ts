/**
 * The random streams are restored exactly. The first step after the resume uses a fork of them, as in a compiler's
 * warm-up, and the streams are set back after it. The second step repeats the draws of the first, and all later draws lag
 * behind by one step.
 */

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { draws } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'The first step after the resume does not advance the random streams, so the second step draws the same numbers.',
  proofs: ['faithful'],
  rule: ['final-random-differs', 'random-does-not-advance'],
  cause: 'random-drawn-differently',
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

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { draws, restores } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The random streams are restored exactly, and seeded again when the first batch is selected.',
  reports: ['modelscope/ms-swift#9935'],
  proofs: ['faithful'],
  rule: ['loss-differs', 'gradients-differ', 'final-random-differs', 'random-does-not-advance'],
  // A segment of one step, after one step, shows either.
  cause: ['random-restarted-later', 'evaluation-mode'],
  needs: [draws, restores('random')],
  change(stages) {
    let seeded = false;
    inEachStep(stages, 'batch', (parts, original) => {
      if (!seeded) for (const [name, stream] of parts.random) stream.restore(parts.start!.random.get(name)!);
      seeded = true;
      return original(parts);
    });
  },
});

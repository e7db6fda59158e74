import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Every step counts as an overflow and is skipped.',
  proofs: ['alive', 'faithful'],
  rule: ['applied-differs', 'silent-no-op'],
  cause: 'overflow-forever',
  needs: hasScaler,
  change: (stages) =>
    inEachStep(stages, 'unscale', ({ now }) => {
      now.overflowed = now.due;
    }),
});

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  id: 'scaler-stuck',
  breaks: 'Every step counts as an overflow and is skipped.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: ['applied-differs', 'silent-no-op'],
  cause: 'overflow-forever',
  needs: hasScaler,
  change: (stages) =>
    inEachStep(stages, 'unscale', ({ now }) => {
      now.overflowed = now.due;
    }),
});

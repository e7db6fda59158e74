import { hasScaler } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'scaler-stuck',
  breaks: 'Every step is taken for an overflow and skipped.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: ['applied-differs', 'silent-no-op'],
  cause: 'overflow-forever',
  needs: hasScaler,
  change: (program) =>
    inEachStep(program, 'unscale', ({ now }) => {
      now.overflowed = now.due;
    }),
});

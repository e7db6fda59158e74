import { insertedBefore } from '../../loop/stages.ts';
import { copiesOf } from '../live.ts';
import { defineLoopFault, resumes } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA follows the variables from before the load.',
  proofs: ['faithful'],
  rule: ['final-ema-differs', 'ema-does-not-advance'],
  cause: ['ema-follows-old-weights', 'ema-stalls'],
  needs: hasEma,
  change: (stages) => {
    stages.assembly = insertedBefore(stages.assembly, 'load', {
      name: 'register with the EMA',
      run(parts) {
        if (!resumes(parts)) return;
        const old = copiesOf(parts.parameters);
        parts.views.ema = () => old;
      },
    });
  },
});

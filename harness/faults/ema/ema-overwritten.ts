import { liveWeights } from '../../loop/restart.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The first update of the restored EMA replaces it with the live weights.',
  reports: ['koda-dernet/Side-Step#38'],
  proofs: ['faithful'],
  rule: 'final-ema-differs',
  cause: 'ema-overwritten',
  needs: hasEma,
  change(stages) {
    let isFirst = true;
    inEachStep(stages, 'ema', async (parts, original) => {
      const { ema, parameters, now } = parts;
      if (!isFirst || !now.due) return original(parts);
      isFirst = false;
      await original(parts);
      ema!.restore(liveWeights(parameters), ema!.updates);
    });
  },
});

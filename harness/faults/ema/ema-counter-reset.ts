import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The warm-up of the decay restarts and overwrites the EMA.',
  reports: ['lightly-ai/lightly-train#892', 'cwx-worst-one/EAT#13'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'ema-counter-reset',
  needs: hasEma,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      emaUpdates: 0,
    })),
});

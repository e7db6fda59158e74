import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA’s update count restarts at 0, so the warm-up of its decay restarts.',
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

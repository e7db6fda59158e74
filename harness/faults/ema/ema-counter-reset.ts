import { hasEma } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'ema-counter-reset',
  breaks: 'The warm-up of the decay begins anew and overwrites the EMA.',
  reports: ['lightly-ai/lightly-train#892', 'cwx-worst-one/EAT#13'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'ema-counter-reset',
  needs: hasEma,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      emaUpdates: 0,
    })),
});

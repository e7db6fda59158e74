import { liveWeights } from '../../loop/restart.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA restarts from the live weights.',
  reports: ['ai2cm/ace#349', 'm2lines/Samudra#282', 'Vchitect/Latte#55', 'PixArt-alpha/PixArt-sigma#156'],
  proofs: ['restored'],
  rule: 'ema-not-restored',
  cause: 'ema-built-late',
  needs: hasEma,
  change: (stages) =>
    inResume(stages, 'restore EMA', ({ ema, parameters, saved }) => {
      ema!.restore(liveWeights(parameters), saved!.emaUpdates);
    }),
});

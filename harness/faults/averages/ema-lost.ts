import { liveWeights } from '../../loop/anew.ts';
import { hasAverage } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'ema-lost',
  breaks: 'The average begins anew from the live weights.',
  reports: ['ai2cm/ace#349', 'm2lines/Samudra#282', 'Vchitect/Latte#55', 'PixArt-alpha/PixArt-sigma#156'],
  proofs: ['restored'],
  rule: 'averages-not-restored',
  cause: 'average-built-late',
  needs: hasAverage,
  change: (program) =>
    inResume(program, 'restore average', ({ average, parameters, saved }) => {
      average!.restore(liveWeights(parameters), saved!.averageUpdates);
    }),
});

import { copiesOf } from '../live.ts';
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
      const live = new Map(copiesOf(parameters).map(({ name, variable }) => [name, variable]));
      const own = [...average!.tensors.keys()].map((name) => [name, live.get(name)!] as const);
      average!.restore(new Map(own), saved!.averageUpdates);
    }),
});

import { hasAverage } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'ema-not-restored',
  breaks: 'The average is not restored: it is that of the initial weights.',
  reports: ['ai2cm/ace#349', 'BangLiu/QANet-PyTorch#4'],
  proofs: ['restored'],
  rule: ['averages-not-restored', 'counters-not-restored'],
  cause: ['average-not-restored', 'average-built-late', 'average-counter-reset'],
  needs: hasAverage,
  change: (program) => skip(program, 'restore average'),
});

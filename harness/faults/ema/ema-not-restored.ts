import { defineLoopFault, skip } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is not restored and keeps the initial weights.',
  reports: ['ai2cm/ace#349', 'BangLiu/QANet-PyTorch#4'],
  proofs: ['restored'],
  rule: ['ema-not-restored', 'counters-not-restored'],
  cause: ['ema-lost', 'ema-built-late', 'ema-counter-reset'],
  needs: hasEma,
  change: (stages) => skip(stages, 'restore EMA'),
});

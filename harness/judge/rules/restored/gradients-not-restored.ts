import { tensorRule } from './tensor-rule.ts';

export const gradientsNotRestored = tensorRule({
  id: 'gradients-not-restored',
  kind: 'gradient',
  noun: 'accumulated gradient',
  claim: 'Gradients that were accumulated and not yet applied come back.',
  likelyCause: () =>
    'the run was saved in mid-accumulation, and the gradients gathered so far were not saved or not loaded',
  fix: 'save only after an update, or save the accumulated gradients and the micro-batch count too',
});

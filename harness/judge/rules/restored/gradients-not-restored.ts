import { tensorRule } from './tensor-rule.ts';

export const gradientsNotRestored = tensorRule({
  id: 'gradients-not-restored',
  kind: 'gradient',
  noun: 'accumulated gradient',
  claim: 'Accumulated gradients that were not yet applied are restored.',
  likelyCause: (_resume, found) =>
    found.every(({ saved }) => saved === undefined)
      ? 'a step ran during the restore, or its gradients were kept'
      : 'the run was saved mid-accumulation, and the accumulated gradients were not saved or not loaded',
  fix: 'save only after an update, or also save the accumulated gradients and the micro-batch count',
});

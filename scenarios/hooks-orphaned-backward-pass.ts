/** kohya-ss/sd-scripts#1344 as its write-ups describe it: the restore replaces the variables that the hooks hold. */
import { defineScenario, reordered } from '../harness/index.ts';
import { fusedBackwardPass, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused backward pass; hooks are registered before the resume, which replaces the variables',
  plan: PLAN,
  expect: ['hooks-silent', 'silent-no-op', 'samples-unchanged'],
  trainer: (context) =>
    fusedBackwardPass(context, {
      order: (assembly) => reordered(assembly, 'hooks', { before: 'load' }),
      replaceVariables: true,
    }),
});

/** kohya-ss/sd-scripts#1344 as it really behaves: every hook fires, with the parameter group from before the resume. */
import { defineScenario, reordered } from '../harness/index.ts';
import { fusedBackwardPass, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused backward pass; hooks are registered before the resume, which replaces their parameter groups',
  plan: PLAN,
  expect: ['learning-rate-not-as-claimed', 'silent-no-op', 'samples-unchanged'],
  trainer: (context) =>
    fusedBackwardPass(context, { order: (assembly) => reordered(assembly, 'hooks', { before: 'load' }) }),
});

/** kohya-ss/sd-scripts#1344 as it really behaves: every hook fires, with the parameter group from before the resume. */
import { defineScenario, reordered } from '../harness/index.ts';
import { fusedOptimizerGroups, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about:
    'Fused optimizer groups; hooks are registered before the resume, which replaces their parameter groups',
  plan: PLAN,
  expect: ['learning-rate-not-as-claimed', 'silent-no-op', 'samples-unchanged'],
  trainer: (context) =>
    fusedOptimizerGroups(context, { order: (assembly) => reordered(assembly, 'hooks', { before: 'load' }) }),
});

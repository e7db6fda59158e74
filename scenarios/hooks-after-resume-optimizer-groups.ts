/** The fix for kohya-ss/sd-scripts#1344: restore everything first, register hooks last. */
import { defineScenario } from '../harness/index.ts';
import { fusedOptimizerGroups, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused optimizer groups; hooks are registered after everything is restored',
  plan: PLAN,
  cold: true,
  trainer: (context) => fusedOptimizerGroups(context, { replaceVariables: true }),
});

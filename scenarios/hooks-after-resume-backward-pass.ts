/** The fix for kohya-ss/sd-scripts#1344: restore everything first, register hooks last. */
import { defineScenario } from '../harness/index.ts';
import { fusedBackwardPass, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused backward pass; hooks are registered after everything is restored',
  plan: PLAN,
  cold: true,
  trainer: (context) => fusedBackwardPass(context, { replaceVariables: true }),
});

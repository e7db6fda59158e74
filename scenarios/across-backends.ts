/** Saves on the gate's backend, resumes and saves on cpu, and resumes on wasm. */
import { defineScenario } from '../harness/index.ts';
import { fusedBackwardPass } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused backward pass; saved on one backend, resumed on another',
  plan: { steps: 12, resumeAt: [4, 8], onSoftwareGpu: { steps: 6, resumeAt: [2, 4] } },
  resumeOn: ['cpu', 'wasm'],
  trainer: (context) => fusedBackwardPass(context, { replaceVariables: true }),
});

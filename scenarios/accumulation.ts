/** A healthy run with gradient accumulation, resumed right after an update and in mid-accumulation. */
import { defineScenario } from '../harness/index.ts';
import { unfused } from './image-model/digits.ts';

export default defineScenario({
  about: 'AdamW without hooks, two micro-batches per update, saved once in mid-accumulation',
  plan: { steps: 24, resumeAt: [8, 15], onSoftwareGpu: { steps: 8, resumeAt: [2, 5] } },
  lacks: ['hooks'],
  cold: true,
  trainer: unfused,
});

import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule restarts at 0.',
  reports: [
    'alibaba/TorchEasyRec#664',
    'lightly-ai/lightly-train#301',
    'KaiyangZhou/deep-person-reid#270',
    'huggingface/transformers#25865',
  ],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-restarted',
  change: (stages) => onSchedules(stages, (state) => ({ ...state, lastEpoch: 0 })),
});

import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-restarts',
  breaks: 'The schedule begins anew.',
  reports: [
    'alibaba/TorchEasyRec#664',
    'lightly-ai/lightly-train#301',
    'KaiyangZhou/deep-person-reid#270',
    'huggingface/transformers#25865',
  ],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-restarted',
  needs: anyLoop,
  change: (program) => onSchedules(program, (state) => ({ ...state, lastEpoch: 0 })),
});

import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { need } from '../needs.ts';

const PAST_END = 1e6;

export default defineLoopFault({
  breaks: 'The schedule resumes past its end, where the learning rate is 0.',
  reports: ['kohya-ss/sd-scripts#141'],
  proofs: ['alive'],
  rule: ['silent-no-op', 'counters-not-restored'],
  cause: 'learning-rate-zero',
  needs: need('has a schedule that does not end at 0', ({ recipe }) =>
    recipe.optimizers.every(({ schedule }) => schedule(PAST_END) === 0),
  ),
  change: (stages) => onSchedules(stages, (state) => ({ ...state, lastEpoch: PAST_END })),
});

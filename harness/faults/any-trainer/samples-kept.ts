import type { Sample } from '../../training/trainer.ts';
import { need } from '../needs.ts';
import { defineTrainerFault, replacing } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'Every sample is the one drawn right after the resume.',
  proofs: ['alive'],
  rule: 'samples-unchanged',
  cause: 'samples-from-old-copy',
  needs: need('draws no samples', ({ sample }) => sample !== undefined),
  change(trainer) {
    let first: readonly Sample[] | undefined;
    return replacing(trainer, {
      async sample() {
        first ??= await trainer.sample!();
        return first;
      },
    });
  },
});

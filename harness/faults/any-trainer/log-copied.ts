import { defineTrainerFault, replacing } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'The log keeps printing the first loss.',
  proofs: ['faithful'],
  rule: 'loss-differs',
  cause: 'loss-logged-differently',
  change(trainer) {
    let loss: number | undefined;
    return replacing(trainer, {
      async step() {
        const claim = await trainer.step();
        loss ??= claim.loss;
        return { ...claim, loss };
      },
    });
  },
});

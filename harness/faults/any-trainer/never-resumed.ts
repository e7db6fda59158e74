import { defineTrainerFault } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'The checkpoint is not read, and the run starts from scratch.',
  reports: ['huggingface/diffusers#12689', 'X-GenGroup/Flow-Factory#172', 'tinkerlabs/tinker-feedback#127'],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
  cause: ['nothing-restored', 'weights-alone'],
  context: (context) => ({ ...context, checkpoint: undefined }),
  change: (trainer) => trainer,
});

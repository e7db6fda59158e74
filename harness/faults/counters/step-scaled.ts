import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'step-scaled',
  breaks: 'The step count is multiplied by the micro-batches of an update.',
  reports: ['huggingface/diffusers#3467', 'huggingface/transformers#3026'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-scaled',
  needs: ({ accumulate }) => accumulate > 1,
  change: (program) =>
    onLoad(program, (saved, { accumulate }) => ({ ...saved, step: saved.step * accumulate })),
});

import { insertedBefore } from '../../loop/stages.ts';
import { copiesOf } from '../live.ts';
import { defineLoopFault, resumes } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The loss uses the model from before the load, so the gradients belong to that model.',
  reports: ['UKPLab/sentence-transformers#2648'],
  proofs: ['alive', 'faithful'],
  rule: 'gradients-missing',
  cause: 'loss-holds-old-model',
  change: (stages) => {
    stages.assembly = insertedBefore(stages.assembly, 'load', {
      name: 'build the loss',
      run(parts) {
        if (!resumes(parts)) return;
        const old = copiesOf(parts.parameters);
        parts.views.loss = () => old;
      },
    });
  },
});

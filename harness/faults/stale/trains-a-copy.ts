import { restoreOptimizer } from '../../loop/assembly.ts';
import { insertedAfter } from '../../loop/stages.ts';
import { copiesOf } from '../live.ts';
import { defineLoopFault, resumes } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'Training changes a copy of the restored model, but the original is sampled and saved.',
  reports: ['huggingface/accelerate#2665'],
  proofs: ['alive', 'faithful'],
  rule: ['updates-go-astray', 'gradients-missing'],
  cause: ['trains-a-copy', 'loss-holds-old-model'],
  change: (stages) => {
    stages.assembly = insertedAfter(stages.assembly, 'restore EMA', {
      name: 'train a copy',
      run(parts) {
        if (parts.saved === undefined || !resumes(parts)) return;
        const copy = copiesOf(parts.parameters);
        parts.views.loss = () => copy;
        for (const { name, optimizer } of parts.registered) {
          restoreOptimizer(name, optimizer, copy, parts.saved);
        }
        for (const { name, schedule } of parts.registered) schedule.restore(parts.saved.schedules[name]!);
      },
    });
  },
});

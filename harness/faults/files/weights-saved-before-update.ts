import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { capture } from '../../loop/saved.ts';
import { insertedBefore } from '../../loop/stages.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, onSave } from '../program.ts';

export default defineProgramFault({
  id: 'weights-saved-before-update',
  breaks: 'Weights are saved before the update, all else after it.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['saved-before-update', 'weights-not-loaded', 'weights-changed'],
  saves: true,
  needs: anyLoop,
  change: (program) => {
    let before: Checkpoint | undefined;
    program.step = insertedBefore(program.step, 'log', {
      name: 'keep what is now',
      async run(parts) {
        const last = parts.context.plan.resumeAt.includes(parts.step + 1);
        if (last) before = await capture(parts);
      },
    });
    onSave(program, (checkpoint) =>
      before === undefined
        ? checkpoint
        : {
            ...checkpoint,
            tensors: { ...checkpoint.tensors, model: before.tensors.model! },
          },
    );
  },
});

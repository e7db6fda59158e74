import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { capture } from '../../loop/saved.ts';
import { insertedBefore } from '../../loop/stages.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, onSave } from '../program.ts';

export default defineProgramFault({
  id: 'saved-during-update',
  breaks: 'Half of the weights are saved before the update, the others after it.',
  reports: ['Lightning-AI/pytorch-lightning#688'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['checkpoint-mixed', 'weights-partly-loaded', 'saved-before-update', 'weights-changed'],
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
            tensors: {
              ...checkpoint.tensors,
              model: new Map(
                [...checkpoint.tensors.model!].map(([name, tensor], at) =>
                  at % 2 === 0 ? [name, before!.tensors.model!.get(name)!] : [name, tensor],
                ),
              ),
            },
          },
    );
  },
});

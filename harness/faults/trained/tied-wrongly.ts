import { owners } from '../../loop/parts.ts';
import { insertedAfter } from '../../loop/stages.ts';
import { defineLoopFault, resumes } from '../loop-fault.ts';
import { hasTwins } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Two separate weights are tied after the resume.',
  reports: ['NVIDIA-NeMo/Automodel#2511', 'NVIDIA-NeMo/Automodel#2941'],
  proofs: ['restored'],
  rule: 'ties-changed',
  cause: 'weights-tied',
  needs: hasTwins,
  change: (stages) => {
    stages.assembly = insertedAfter(stages.assembly, 'restore gradients', {
      name: 'tie',
      run(parts) {
        if (parts.saved === undefined || !resumes(parts)) return;
        const own = owners(parts.parameters).filter(({ variable }) => variable.trainable);
        const twins = Map.groupBy(own, ({ variable }) => String(variable.shape));
        const [first, second] = [...twins.values()].find((family) => family.length > 1)!;
        parts.parameters = parts.parameters.map((parameter) =>
          parameter.variable === second!.variable ? { ...parameter, variable: first!.variable } : parameter,
        );
      },
    });
  },
});

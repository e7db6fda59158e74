import { owners } from '../../loop/parts.ts';
import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isUnfused, trainsSeveral } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The update skips one parameter.',
  proofs: ['alive'],
  rule: ['stalled-parameters', 'update-counts-differ'],
  cause: 'update-lost',
  needs: [isUnfused, trainsSeveral],
  change: (stages) => {
    let skipped: string | undefined;
    inEachStep(stages, 'update', (parts, original) => {
      const { gradients, now, parameters } = parts;
      const due = now.due && !now.overflowed;
      const withGradient = due ? owners(parameters).filter(({ variable }) => gradients.of(variable)) : [];
      skipped ??= withGradient[0]?.name;
      for (const { variable } of withGradient.filter(({ name }) => name === skipped))
        gradients.drop(variable);
      return original(parts);
    });
  },
});

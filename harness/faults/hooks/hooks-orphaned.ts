import { replaceVariables } from '../../loop/assembly.ts';
import { reordered } from '../../loop/stages.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The hooks are registered before the restore, which replaces the hooked variables.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-on-old-parameters',
  needs: isFused,
  change: (stages) => {
    stages.assembly = reordered(stages.assembly, 'hooks', { before: 'restore weights' });
    inResume(stages, 'restore weights', (parts, original) => {
      replaceVariables(parts);
      return original(parts);
    });
  },
});

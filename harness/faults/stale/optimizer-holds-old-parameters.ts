import { replaceVariables, restoreOptimizer } from '../../loop/assembly.ts';
import type { Parameter } from '../../training/optimizer.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { isUnfused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The restore replaces the variables, but the optimizer keeps the old ones.',
  reports: ['NVIDIA/Megatron-LM#174'],
  proofs: ['alive', 'faithful'],
  rule: ['silent-no-op', 'updates-go-astray'],
  cause: 'optimizer-holds-old-parameters',
  needs: isUnfused,
  change: (stages) => {
    let old: readonly Parameter[] = [];
    inResume(stages, 'restore weights', (parts, original) => {
      old = parts.parameters;
      replaceVariables(parts);
      return original(parts);
    });
    inResume(stages, 'restore optimizers', ({ registered, saved }) => {
      for (const { name, optimizer } of registered) restoreOptimizer(name, optimizer, old, saved!);
    });
  },
});

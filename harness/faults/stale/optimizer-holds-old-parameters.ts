import { replaceVariables, restoreOptimizer } from '../../loop/assembly.ts';
import type { Parameter } from '../../training/optimizer.ts';
import { isUnfused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-holds-old-parameters',
  breaks: 'The restore puts new variables in place of the old, which the optimizer goes on to hold.',
  reports: ['NVIDIA/Megatron-LM#174'],
  proofs: ['alive', 'faithful'],
  rule: ['silent-no-op', 'updates-go-astray'],
  cause: 'optimizer-holds-old-parameters',
  needs: isUnfused,
  change: (program) => {
    let old: readonly Parameter[] = [];
    inResume(program, 'restore weights', (parts, original) => {
      old = parts.parameters;
      replaceVariables(parts);
      return original(parts);
    });
    inResume(program, 'restore optimizers', ({ registered, saved }) => {
      for (const { name, optimizer } of registered) restoreOptimizer(name, optimizer, old, saved!);
    });
  },
});

import { replaceVariables } from '../../loop/assembly.ts';
import { moved } from '../../loop/stages.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-orphaned',
  breaks: 'Hooks are registered before the restore, which puts new variables in place of the hooked ones.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-on-old-parameters',
  needs: isFused,
  change: (program) => {
    program.assembly = moved(program.assembly, 'hooks', { before: 'restore weights' });
    inResume(program, 'restore weights', (parts, original) => {
      replaceVariables(parts);
      return original(parts);
    });
  },
});

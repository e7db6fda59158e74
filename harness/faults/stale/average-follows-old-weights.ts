import { insertedBefore } from '../../loop/stages.ts';
import { copiesOf } from '../live.ts';
import { hasAverage } from '../needs.ts';
import { defineProgramFault, resumes } from '../program.ts';

export default defineProgramFault({
  id: 'average-follows-old-weights',
  breaks: 'The average follows the variables of before the load.',
  reports: [],
  proofs: ['faithful'],
  rule: ['final-averages-differ', 'averages-do-not-advance'],
  cause: ['average-follows-old-weights', 'average-stalls'],
  needs: hasAverage,
  change: (program) => {
    program.assembly = insertedBefore(program.assembly, 'load', {
      name: 'register with the average',
      run(parts) {
        if (!resumes(parts)) return;
        const old = copiesOf(parts.parameters);
        parts.views.average = () => old;
      },
    });
  },
});

/** sd-scripts still does this with fused optimizer groups: it prepares all but the first optimizer after the resume. */
import { defineScenario, insertedAfter, replaced } from '../harness/index.ts';
import { fusedOptimizerGroups, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused optimizer groups; all optimizers and schedules but the first are prepared after the resume',
  plan: PLAN,
  expect: ['slots-not-restored', 'counters-not-restored', 'learning-rate-differs'],
  trainer: (context) =>
    fusedOptimizerGroups(context, {
      order(assembly) {
        const first = replaced(assembly, 'register', (parts) => {
          parts.registered = parts.driven.slice(0, 1);
        });
        return insertedAfter(first, 'restore counters', {
          name: 'register the others',
          run(parts) {
            parts.registered = parts.driven;
          },
        });
      },
    }),
});

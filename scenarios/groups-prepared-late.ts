/** What sd-scripts still does with fused optimizer groups: all but the first optimizer are prepared after the resume. */
import { defineScenario } from '../harness/index.ts';
import { fusedOptimizerGroups, PLAN } from './image-model/digits.ts';

export default defineScenario({
  about: 'Fused optimizer groups; all optimizers and schedules but the first are prepared after the resume',
  plan: PLAN,
  expect: ['slots-not-restored', 'counters-not-restored', 'rate-differs'],
  async trainer(context) {
    const run = await fusedOptimizerGroups(context);
    const [first, ...others] = run.optimizers;
    run.prepare(first!);
    await run.resume({ replaceVariables: false });
    run.prepare(...others);
    run.registerHooks();
    return run;
  },
});

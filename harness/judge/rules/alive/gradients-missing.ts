/** A loss that is computed on other variables than those that are trained gives these no gradient. */
import { indexOf, known } from '../../columns.ts';
import { stepPairs } from '../../evidence.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { listed, ofAll } from '../../words.ts';

export const gradientsMissing: Rule = {
  id: 'gradients-missing',
  proof: 'alive',
  claim: 'Every parameter that gets gradients in the control gets them after the resume.',
  reads: 'which parameters got a gradient in each step, and gradients of variables that are no parameters',
  speaks: 'at the first step',
  judge: eachResume((resume) => {
    const pairs = stepPairs(resume);
    const reached = (which: 'control' | 'resumed'): ReadonlySet<string> =>
      known(
        pairs.map((pair) => pair[which]),
        ({ gradientL2 }) => gradientL2,
      );
    const [theirs, mine] = [reached('control'), reached('resumed')];
    const missing = [...theirs].filter((name) => !mine.has(name));
    if (missing.length === 0) return undefined;
    const first = pairs.find(({ control: { names, gradientL2 } }) =>
      missing.some((name) => (gradientL2[indexOf(names).get(name) ?? -1] ?? null) !== null),
    )!;
    const stray = pairs.reduce((sum, { resumed }) => sum + (resumed.strayGradients ?? 0), 0);
    return {
      sentence: `After resume ${resume.index}, no gradient reaches ${ofAll(missing.length, theirs.size, 'parameter')} in ${pairs.length} steps, while the loss is still printed: ${listed(missing)}.`,
      subjects: missing,
      total: theirs.size,
      step: first.resumed.step,
      expected: 'gradients, as in the control',
      seen:
        stray > 0 ? `none; ${stray} gradients of variables that are not the trainer’s parameters` : 'none',
      likelyCause:
        'the loss was built on other variables than those that are trained: the model of before the load, a copy, or one without its adapters; or they came back frozen',
      fix: 'build the loss on the restored model, after the load and after adapters are attached',
    };
  }),
};

/** Finds parameters without gradients, as when the loss is computed from variables other than the trained ones. */
import { indexOf, known } from '../../columns.ts';
import { stepPairs } from '../../evidence.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { listed, ofAll } from '../../words.ts';

export const gradientsMissing: Rule = {
  id: 'gradients-missing',
  proof: 'alive',
  claim: 'Every parameter that gets gradients in the control also gets them after the resume.',
  reads: 'which parameters get a gradient in each step, and gradients of variables that are not parameters',
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
      sentence: `After resume ${resume.index}, ${ofAll(missing.length, theirs.size, 'parameter')} got no gradient in ${pairs.length} steps, although the loss was still printed: ${listed(missing)}.`,
      subjects: missing,
      total: theirs.size,
      step: first.resumed.step,
      expected: 'gradients, as in the control',
      seen:
        stray > 0 ? `none; ${stray} gradients of variables that are not the trainer’s parameters` : 'none',
      likelyCause:
        'the loss was built on variables other than the trained ones (the pre-restore model, a copy, or a model without its adapters), or the parameters were restored as frozen',
      fix: 'build the loss on the restored model, after the load and after adapters are attached',
    };
  }),
};

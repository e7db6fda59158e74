/** The control must deviate only as declared, because the resumed run is compared with it. */
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf, listed } from '../../words.ts';

export const deviationNotDeclared: Rule = {
  id: 'deviation-not-declared',
  proof: 'run',
  claim: 'The control’s own deviation changes only what the scenario declares.',
  reads: 'the control’s states before and after its own deviation',
  speaks: 'before the first step',
  judge: eachResume((resume, { deviates }) => {
    const others = resume.changes.filter(({ deviation }) => deviation === undefined);
    const [first] = others;
    if (first === undefined) return undefined;
    return {
      sentence: `At step ${resume.from}, the control’s deviation changed undeclared state: ${listed(others.map(({ kind, name }) => `${kind} ${name}`))}.`,
      subjects: others.map(({ name }) => name),
      total: resume.changes.length,
      step: resume.from,
      expected: `changes of ${listed(deviates, deviates.length)} only`,
      seen: `${first.kind} '${first.name}': ${insteadOf(first.deviated, first.passed)}`,
      likelyCause:
        'deviate() changes more than the declared kinds, or a name belongs to a different kind than expected',
      fix: 'declare that kind too, do not change it in deviate(), or name the counter as in the table in docs/trace.md',
    };
  }),
};

/** The control deviates in what is declared and in nothing else: it is what the resumed run is judged by. */
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf, listed } from '../../words.ts';

export const deviationNotDeclared: Rule = {
  id: 'deviation-not-declared',
  proof: 'run',
  claim: 'The control’s own deviation changes what the scenario declares and nothing else.',
  reads: 'the control’s states before and after its own deviation',
  speaks: 'before the first step',
  judge: eachResume((resume, { deviates }) => {
    const others = resume.changes.filter(({ deviation }) => deviation === undefined);
    const [first] = others;
    if (first === undefined) return undefined;
    return {
      sentence: `At step ${resume.from} the control’s deviation changed what is not declared: ${listed(others.map(({ kind, name }) => `${kind} ${name}`))}.`,
      subjects: others.map(({ name }) => name),
      total: resume.changes.length,
      step: resume.from,
      expected: `changes by ${listed(deviates, deviates.length)} alone`,
      seen: `${first.kind} '${first.name}': ${insteadOf(first.deviated, first.passed)}`,
      likelyCause:
        'deviate() does more than the declared kinds, or a name is not of the kind that it is thought to be',
      fix: 'declare that kind too, let deviate() leave it alone, or name the counter by the table in docs/trace.md',
    };
  }),
};

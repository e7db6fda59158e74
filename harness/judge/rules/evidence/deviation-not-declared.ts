/** The control must deviate only as declared, because the resumed run is compared with it. */
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf, listed } from '../../words.ts';

export const deviationNotDeclared: Rule = {
  id: 'deviation-not-declared',
  proof: 'run',
  claim:
    'The control’s own deviation changes only what the scenario declares, and its change of settings only counters.',
  reads: 'the control’s states before and after its own deviation and its change of settings',
  speaks: 'before the first step',
  judge: eachResume((resume, { deviates, history }) => {
    const others = resume.changes.filter(({ deviation }) => deviation === undefined);
    const [first] = others;
    if (first === undefined) return undefined;
    if (history.changes?.some(({ at }) => at === resume.from) === true && deviates.length === 0)
      return {
        sentence: `At step ${resume.from}, the control’s change of settings changed more than counters: ${listed(others.map(({ kind, name }) => `${kind} ${name}`))}.`,
        subjects: others.map(({ name }) => name),
        total: resume.changes.length,
        step: resume.from,
        expected: 'other values of counters only, such as a learning rate',
        seen: `${first.kind} '${first.name}': ${insteadOf(first.deviated, first.passed)}`,
        likelyCause: 'change() starts something anew that a resume restores',
        fix: 'let change() set the length, the batch size and the accumulation, and nothing else',
      };
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

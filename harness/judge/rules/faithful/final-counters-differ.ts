import { entriesApart } from '../../compare.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf, ofAll, plural } from '../../words.ts';
import { ends } from './ends.ts';

export const finalCountersDiffer: Rule = {
  id: 'final-counters-differ',
  proof: 'faithful',
  claim: 'At the end, every counter equals the control’s.',
  reads: 'the counters at the end of the segment, in both runs',
  speaks: 'at the end of the segment',
  judge: eachResume((resume) => {
    const { of, total } = ends(resume, 'counters');
    const [first] = of;
    if (first === undefined) return undefined;
    const values = entriesApart(of);
    return {
      sentence: `At step ${resume.to}, ${ofAll(of.length, total, 'counter')} ${plural(of.length, 'differs', 'differ')} from the control’s: '${first.name}' is ${insteadOf(first.resumed, first.saved)}.`,
      subjects: of.map(({ name }) => name),
      total,
      step: resume.to,
      expected: values.saved,
      seen: values.resumed,
      likelyCause: 'the counter advances differently after the resume, or was not restored',
      fix: 'look for the first step that differs; count in one place only, as before the resume',
    };
  }),
};

import { entriesApart, entriesThatDiffer, nearlySame } from '../../compare.ts';
import type { Rule } from '../../rule.ts';
import { insteadOf, ofAll, plural } from '../../words.ts';
import { eachRestored } from './known.ts';

export const countersNotRestored: Rule = {
  id: 'counters-not-restored',
  proof: 'restored',
  claim: 'Step, schedule, learning rate, data cursor, loss scale and their like come back.',
  reads: 'the counters in the state at the save and in that at the resume',
  speaks: 'before the first step',
  judge: eachRestored((resume) => {
    const { of, total } = entriesThatDiffer(resume.saved.counters, resume.resumed.counters);
    if (of.length === 0) return undefined;
    const values = entriesApart(of);
    const [first] = of;
    return {
      sentence: `After resume ${resume.index}, ${ofAll(of.length, total, 'counter')} ${plural(of.length, 'is', 'are')} not what was saved: '${first!.name}' is ${insteadOf(first!.resumed, first!.saved)}.`,
      subjects: of.map(({ name }) => name),
      total,
      step: resume.from,
      expected: values.saved,
      seen: values.resumed,
      likelyCause: of.every(nearlySame)
        ? 'they agree in their first digits only: they were computed anew in another way than the run arrives at them, such as a power at once instead of a product step by step, and not restored'
        : 'they were not saved, or what they belong to was created or registered after the restore',
      fix: 'save and restore each schedule, counter and cursor, after the object that holds it exists',
    };
  }),
};

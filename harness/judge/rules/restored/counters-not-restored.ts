import { entriesApart, entriesThatDiffer, nearlySame } from '../../compare.ts';
import type { Rule } from '../../rule.ts';
import { insteadOf, ofAll, plural } from '../../words.ts';
import { eachRestored } from './known.ts';

export const countersNotRestored: Rule = {
  id: 'counters-not-restored',
  proof: 'restored',
  claim: 'Every counter is restored: step, schedule, learning rate, data cursor, loss scale and others.',
  reads: 'the counters at the save and at the resume',
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
        ? 'the values agree only in their first digits: they were not restored but recomputed by a different formula, such as one power instead of a product step by step'
        : 'they were not saved, are computed from what was not restored, belong to objects that were created or registered after the restore, or the restore counts differently',
      fix: 'save each schedule, counter and cursor, and restore it once the object that holds it exists',
    };
  }),
};

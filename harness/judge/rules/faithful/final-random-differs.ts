import { digest } from '../../compare.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { listed, ofAll, plural } from '../../words.ts';
import { ends } from './ends.ts';

export const finalRandomDiffers: Rule = {
  id: 'final-random-differs',
  proof: 'faithful',
  claim:
    'At the end, every random generator has the same state as in the control, after the same number of draws.',
  reads: 'the states of the random generators at the end of the segment, in both runs',
  speaks: 'at the end of the segment',
  judge: eachResume((resume) => {
    const { of, total } = ends(resume, 'random');
    const [first] = of;
    if (first === undefined) return undefined;
    return {
      sentence: `At step ${resume.to}, ${ofAll(of.length, total, 'random generator')} ${plural(of.length, 'has', 'have')} a different state than in the control: ${listed(of.map(({ name }) => name))}.`,
      subjects: of.map(({ name }) => name),
      total,
      step: resume.to,
      expected: `state ${digest(first.saved)}`,
      seen: `state ${digest(first.resumed)}`,
      likelyCause:
        'the resumed run draws more, fewer or other numbers than the control, or the state was not restored',
      fix: 'let only training draw from its generators, as often as before the resume',
    };
  }),
};

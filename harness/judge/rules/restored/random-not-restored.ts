import { digest, entriesThatDiffer, initialState } from '../../compare.ts';
import type { Rule } from '../../rule.ts';
import { listed, ofAll, plural } from '../../words.ts';
import { eachRestored } from './known.ts';

export const randomNotRestored: Rule = {
  id: 'random-not-restored',
  proof: 'restored',
  claim: 'The state of every random generator is restored.',
  reads: 'the states of the random generators at the save and at the resume',
  speaks: 'before the first step',
  judge: eachRestored((resume, evidence) => {
    const { of, total } = entriesThatDiffer(resume.saved.random, resume.resumed.random);
    if (of.length === 0) return undefined;
    const initial = initialState(evidence)?.random ?? {};
    const reseeded = of.every(({ name }) => resume.resumed.random[name] === initial[name]);
    return {
      sentence: `After resume ${resume.index}, ${ofAll(of.length, total, 'random generator')} ${plural(of.length, 'does not continue from its', 'do not continue from their')} saved state: ${listed(of.map(({ name }) => name))}.`,
      subjects: of.map(({ name }) => name),
      total,
      step: resume.from,
      expected: `state ${digest(of[0]!.saved)}`,
      seen: `state ${digest(of[0]!.resumed)}`,
      likelyCause: reseeded
        ? 'the resume seeded the generator again: its state equals the one at the start of the run'
        : 'the state was not restored, or numbers were drawn after the restore',
      fix: 'save the state of each generator and restore it last, right before the first step',
    };
  }),
};

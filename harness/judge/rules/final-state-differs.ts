/** What is no tensor, counters and random generators, ends each stretch as the control's does. */

import { entriesThatDiffer } from '../compare.ts';
import type { Resume } from '../evidence.ts';
import type { Found, Rule } from '../rule.ts';
import { listed, ofAll } from '../words.ts';

/** Only what both show: what came back missing is told before the first step. */
function ends(resume: Resume, which: 'counters' | 'random') {
  const [mine, theirs] = [resume.last?.[which], resume.controlLast?.[which]];
  if (mine === undefined || theirs === undefined || resume.to === resume.from) return { of: [], total: 0 };
  const shared = Object.keys(theirs).filter((name) => Object.hasOwn(mine, name));
  const only = (of: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(shared.map((name) => [name, of[name]]));
  return entriesThatDiffer(only(theirs), only(mine));
}

export const finalCountersDiffer: Rule = {
  id: 'final-counters-differ',
  proof: 'faithful',
  claim: 'At the end, every counter is the control’s.',
  reads: 'the counters at the end of the stretch, in both runs, name by name',
  speaks: 'at the end of the stretch',
  judge: ({ resumes }) =>
    resumes.flatMap((resume): Found[] => {
      const { of, total } = ends(resume, 'counters');
      const [first] = of;
      if (first === undefined) return [];
      return [
        {
          sentence: `At step ${resume.to}, ${ofAll(of.length, total, 'counter')} ${of.length === 1 ? 'is' : 'are'} not the control’s: '${first.name}' is ${first.resumed} instead of ${first.saved}.`,
          subjects: of.map(({ name }) => name),
          total,
          resume: resume.index,
          step: resume.to,
          expected: of
            .slice(0, 6)
            .map(({ name, saved }) => `${name} ${saved}`)
            .join(', '),
          seen: of
            .slice(0, 6)
            .map(({ name, resumed }) => `${name} ${resumed}`)
            .join(', '),
          cause: 'what is counted advances otherwise after the resume, or did not come back',
          remedy: 'look for the first step that differs; let one place count, as before the resume',
        },
      ];
    }),
};

export const finalRandomDiffers: Rule = {
  id: 'final-random-differs',
  proof: 'faithful',
  claim: 'At the end, every random generator is in the state of the control’s: as many numbers were drawn.',
  reads: 'the states of the random generators at the end of the stretch, in both runs',
  speaks: 'at the end of the stretch',
  judge: ({ resumes }) =>
    resumes.flatMap((resume): Found[] => {
      const { of, total } = ends(resume, 'random');
      const [first] = of;
      if (first === undefined) return [];
      return [
        {
          sentence: `At step ${resume.to}, ${ofAll(of.length, total, 'random generator')} ${of.length === 1 ? 'is' : 'are'} not in the state of the control’s: ${listed(of.map(({ name }) => name))}.`,
          subjects: of.map(({ name }) => name),
          total,
          resume: resume.index,
          step: resume.to,
          expected: `state ${first.saved.slice(0, 12)}…`,
          seen: `state ${first.resumed.slice(0, 12)}…`,
          cause:
            'more or fewer numbers are drawn after the resume than in the control, or their state did not come back',
          remedy: 'let nothing but the training draw from its generators, as often as before the resume',
        },
      ];
    }),
};

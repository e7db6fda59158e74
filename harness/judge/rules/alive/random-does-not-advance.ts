/** Finds generators that training no longer draws from: dropout is off, or noise is not added. */
import { eachResume, type Rule } from '../../rule.ts';
import { listed, ofAll } from '../../words.ts';

export const randomDoesNotAdvance: Rule = {
  id: 'random-does-not-advance',
  proof: 'alive',
  claim: 'The resumed run draws from every random generator that the control draws from.',
  reads: 'the states of the generators at the resume and at the end of the segment, in both runs',
  speaks: 'at the end of the segment',
  judge: eachResume((resume) => {
    const { controlFirst, controlLast, resumed, last } = resume;
    if (!controlFirst || !controlLast || !resumed || !last) return undefined;
    const drawn = Object.keys(controlLast.random).filter(
      (name) => controlLast.random[name] !== controlFirst.random[name],
    );
    const still = drawn.filter(
      (name) => resumed.random[name] !== undefined && resumed.random[name] === last.random[name],
    );
    if (still.length === 0) return undefined;
    return {
      sentence: `From resume ${resume.index} to step ${resume.to}, nothing was drawn from ${ofAll(still.length, drawn.length, 'random generator')}: ${listed(still)}.`,
      subjects: still,
      total: drawn.length,
      step: resume.to,
      expected: 'a different state than right after the resume, as in the control',
      seen: 'the same state',
      likelyCause:
        'the model was resumed in evaluation mode, the code that draws from this generator is skipped, or its state is put back',
      fix: 'switch to training mode after the load, before the first step',
    };
  }),
};

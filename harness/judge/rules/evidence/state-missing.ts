import { eachResume, type Rule } from '../../rule.ts';

export const stateMissing: Rule = {
  id: 'state-missing',
  proof: 'run',
  claim: 'Each process records what it holds at the save, at the resume and at the end.',
  reads:
    'the states at the save, at the resume and at the end of each segment, in the control and in the resumed run',
  speaks: 'before the first step',
  judge: eachResume((resume) => {
    const { saved, resumed, last, controlFirst, controlLast } = resume;
    const missing = Object.entries({
      'at the save': saved,
      'right after the resume': resumed,
      'of the resumed run at its end': last,
      'of the control at the resume point': controlFirst,
      'of the control at the end': controlLast,
    }).filter(([, state]) => state === undefined || state.tensors.length === 0);
    // A process that died tells why by itself.
    if (missing.length === 0 || resume.after.failure !== undefined) return undefined;
    const names = missing.map(([name]) => name);
    return {
      sentence: `No state was recorded ${names.join(', ')}: resume ${resume.index} cannot be judged.`,
      subjects: names,
      step: resume.from,
      expected: 'a state record with at least one tensor',
      seen: 'none',
      likelyCause: 'the probe was not attached, the trainer shows it no tensors, or the trace was changed',
      fix: 'let observe() return the trainer’s parameters; write state records at save, resume and end',
    };
  }),
};

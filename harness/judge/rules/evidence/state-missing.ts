import { eachResume, type Rule } from '../../rule.ts';

export const stateMissing: Rule = {
  id: 'state-missing',
  proof: 'run',
  claim: 'Each process records its state at the save, at the resume and at the end.',
  reads:
    'the states at the save, at the resume and at the end of each segment, in the control and in the resumed run',
  speaks: 'before the first step',
  judge: eachResume((resume, { history }) => {
    const { saved, resumed, last, controlFirst, controlLast } = resume;
    // A process that is killed on purpose has no end to show.
    const killed = history.processes.some(({ id, killed }) => killed === true && id === resume.after.run?.id);
    const missing = Object.entries({
      'at the save': saved,
      'right after the resume': resumed,
      'at the resume point of the control': controlFirst,
      ...(killed ? {} : { 'at the end of the resumed run': last, 'at the end of the control': controlLast }),
    }).filter(([, state]) => state === undefined || state.tensors.length === 0);
    // Another rule reports a failed process.
    if (missing.length === 0 || resume.after.failure !== undefined) return undefined;
    const names = missing.map(([name]) => name);
    return {
      sentence: `No state was recorded ${names.join(', ')}: resume ${resume.index} cannot be judged.`,
      subjects: names,
      step: resume.from,
      expected: 'a state record with at least one tensor',
      seen: 'none',
      likelyCause: 'the probe was not attached, the trainer showed it no tensors, or the trace was changed',
      fix: 'return the trainer’s parameters from observe(); write state records at the save, the resume and the end',
    };
  }),
};

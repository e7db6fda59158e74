import type { Found, Rule } from '../../rule.ts';

export const controlDoesNotTrain: Rule = {
  id: 'control-does-not-train',
  proof: 'run',
  claim: 'The control trains, so that a resumed run can be judged against it.',
  reads: 'which parameters change in the control, over all its steps and after the last resume',
  speaks: 'at the end of the segment',
  judge: ({ control, resumes }) => {
    if (control === undefined || control.steps.length === 0) return [];
    const moved = (steps: readonly { changed: readonly boolean[] }[]): boolean =>
      steps.some(({ changed }) => changed.some(Boolean));
    const hooks = control.steps.reduce((sum, step) => sum + step.hookCalls.reduce((a, b) => a + b, 0), 0);
    if (!moved(control.steps)) {
      return [
        {
          sentence: `The control never trained: no parameter moved in ${control.steps.length} steps${
            hooks === 0 ? ', and no gradient hook fired' : ''
          }.`,
          expected: 'the control changes its parameters',
          seen: `0 of ${control.steps[0]!.names.length} parameters changed; ${hooks} hook calls`,
          likelyCause:
            hooks === 0
              ? 'no gradient hook or optimizer is attached to the parameters'
              : 'the learning rate is 0, or the program updates parameters that it does not show to the probe',
          fix: 'make the scenario train without a resume first, then prove its resume',
        },
      ];
    }
    // A segment may lie between two updates; those that resume from its end show what it carried over. A resume after
    // the last step has no segment to check.
    const trained = resumes.filter(({ controlSteps }) => controlSteps.length > 0);
    const goesOn = new Set(trained.map(({ after }) => after.resumed?.from.process));
    const last = trained.filter(({ after }) => !goesOn.has(after.run?.id));
    if (last.some(({ controlSteps }) => moved(controlSteps))) return [];
    return last.slice(-1).map(
      (resume): Found => ({
        sentence: `The control moved no parameter between steps ${resume.from} and ${resume.to}, so it cannot show whether the resumed run should.`,
        resume: resume.index,
        expected: 'the control changes its parameters after the last resume point',
        seen: 'no parameter changed',
        likelyCause:
          'the learning rate has reached 0, or too few steps for an update follow the resume point',
        fix: 'move the resume point or add steps',
      }),
    );
  },
};

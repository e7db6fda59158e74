import type { Found, Rule } from '../../rule.ts';

export const nothingAfterResume: Rule = {
  id: 'nothing-after-resume',
  proof: 'run',
  claim: 'Each resumed process makes every planned step.',
  reads: 'how many steps each resumed process recorded',
  speaks: 'at the end of the segment',
  judge: ({ resumes, plan }) => {
    const idle = resumes.every(({ from, to }) => from === to);
    return resumes
      .filter(
        ({ steps, from, to, after }) =>
          // A process that resumes after its last step has nothing to train. If none trains, nothing is proven.
          (steps.length < to - from || (from === to && idle)) && after.failure === undefined,
      )
      .map(
        (resume): Found => ({
          sentence:
            resume.steps.length === 0
              ? `Nothing was trained after resume ${resume.index}: its trace has no steps.`
              : `After resume ${resume.index}, only ${resume.steps.length} of ${resume.to - resume.from} steps were recorded.`,
          resume: resume.index,
          expected: `steps ${resume.from + 1} to ${resume.to}`,
          seen: resume.steps.length === 0 ? 'no steps' : `steps up to ${resume.steps.at(-1)!.step}`,
          likelyCause:
            plan.steps === resume.from
              ? 'the plan ends at its resume point'
              : 'the probe recorded nothing, or the loop ended early',
          fix: 'let the plan continue after its last resume point; check that the trainer’s step runs one iteration',
        }),
      );
  },
};

import type { TracedStep } from '../../../trace/schema.ts';
import { sameStep } from '../../columns.ts';
import type { Resume } from '../../evidence.ts';
import type { Noise } from '../../noise/noise.ts';
import { type Curve, stepReadings } from '../../quantities.ts';
import type { Rule } from '../../rule.ts';
import { valuesApart } from '../../words.ts';

const COLD_CURVES = ['loss', 'l2', 'updateL2'] as const;

/** Whether two runs that are no controls made the same step: to the bit, or within the noise. */
function alike(noise: Noise, curve: Curve, one: TracedStep, other: TracedStep): boolean {
  if (sameStep(one, other, curve)) return true;
  const [mine, theirs] = [stepReadings(one, curve), stepReadings(other, curve)];
  return (
    mine.size === theirs.size &&
    [...mine].every(([name, reading]) => {
      const same = theirs.get(name);
      return same !== undefined && noise.alike(curve, one.step, name, reading, same);
    })
  );
}

export const equalsColdStart: Rule = {
  id: 'equals-cold-start',
  proof: 'restored',
  claim: 'The resumed run is not a cold start from the checkpoint’s weights: its state counts.',
  reads:
    'losses, norms and updates of the resumed run, of the control and of a run that starts from the weights alone',
  speaks: 'at the first update',
  judge: ({ resumes, cold, noise }) => {
    const [resume] = resumes;
    if (resume === undefined || cold === undefined || resume.steps.length === 0) return [];
    // As far as all three went: one that ended early is another rule's finding.
    const made = Math.min(resume.steps.length, resume.controlSteps.length, cold.steps.length);
    const theirs = cold.steps.slice(0, made);
    const same = (one: Resume['steps'], other: Resume['steps']): boolean =>
      theirs.every((_, at) => COLD_CURVES.every((curve) => alike(noise, curve, one[at]!, other[at]!)));
    const first = theirs.find(({ changed }) => changed.some(Boolean));
    if (first === undefined || !same(resume.steps, theirs) || same(resume.controlSteps, theirs)) return [];
    const [coldLoss, theirLoss] = valuesApart(
      resume.steps[0]!.claimed.loss,
      resume.controlSteps[0]?.claimed.loss,
    );
    // Within the noise a run may be like both.
    if (same(resume.steps, resume.controlSteps)) return [];
    return [
      {
        sentence: `The run after resume 1 equals a cold start from the checkpoint’s weights in every loss, norm and update: all other state was lost.`,
        resume: 1,
        step: first.step,
        expected: `the control’s loss at step ${resume.from + 1}, ${theirLoss}`,
        seen: `the cold start’s, ${coldLoss}, and its equals at all ${theirs.length} steps`,
        likelyCause:
          'the weights were loaded and nothing else: optimizer, schedule, data and random state began anew',
        fix: 'load the optimizer’s state, the schedule, the data cursor and the random state as well',
      },
    ];
  },
};

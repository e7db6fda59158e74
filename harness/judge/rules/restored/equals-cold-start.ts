import type { TracedStep } from '../../../trace/schema.ts';
import { sameStep } from '../../columns.ts';
import type { Resume } from '../../evidence.ts';
import type { Noise } from '../../noise/noise.ts';
import { type Curve, stepReadings } from '../../quantities.ts';
import type { Rule } from '../../rule.ts';
import { valuesApart } from '../../words.ts';

const COLD_CURVES = ['loss', 'l2', 'updateL2'] as const;

/** Whether two runs made the same step: exactly, or within the noise. */
function sameWithin(noise: Noise, curve: Curve, one: TracedStep, other: TracedStep): boolean {
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
  claim:
    'The resumed run differs from a cold start with the checkpoint’s parameters: it uses the other restored state too.',
  reads:
    'losses, norms and updates of the resumed run, of the control, and of a run that loads only the parameters',
  speaks: 'at the first update',
  judge: ({ resumes, cold, noise }) => {
    const [resume] = resumes;
    if (resume === undefined || cold === undefined || resume.steps.length === 0) return [];
    // Compares the steps that all three runs made. Other rules report a run that ended early.
    const made = Math.min(resume.steps.length, resume.controlSteps.length, cold.steps.length);
    const theirs = cold.steps.slice(0, made);
    const same = (one: Resume['steps'], other: Resume['steps']): boolean =>
      theirs.every((_, at) => COLD_CURVES.every((curve) => sameWithin(noise, curve, one[at]!, other[at]!)));
    const first = theirs.find(({ changed }) => changed.some(Boolean));
    if (first === undefined || !same(resume.steps, theirs) || same(resume.controlSteps, theirs)) return [];
    const [coldLoss, theirLoss] = valuesApart(
      resume.steps[0]!.claimed.loss,
      resume.controlSteps[0]?.claimed.loss,
    );
    // Within the noise, a run may equal both.
    if (same(resume.steps, resume.controlSteps)) return [];
    return [
      {
        sentence: `The run after resume 1 equals a cold start with the checkpoint’s parameters in every loss, norm and update: all other state was lost.`,
        resume: 1,
        step: first.step,
        expected: `loss ${theirLoss} at step ${resume.from + 1}, as in the control`,
        seen: `loss ${coldLoss}, as in the cold start; all ${theirs.length} steps equal the cold start’s`,
        likelyCause:
          'only the parameters were loaded: the optimizer, the schedule, the data and the random generators restarted',
        fix: 'also load the optimizer state, the schedule, the data cursor and the random state',
      },
    ];
  },
};

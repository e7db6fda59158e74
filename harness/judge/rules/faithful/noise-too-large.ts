import type { TracedStep } from '../../../trace/schema.ts';
import type { Comparison } from '../../noise/noise.ts';
import { stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { figure } from '../../words.ts';

/**
 * Faithful within the noise says nothing where a run that trains nothing at all would lie within it: where no
 * update's interval leaves out 0, or the controls contradict each other.
 */
export const noiseTooLarge: Rule = {
  id: 'noise-too-large',
  proof: 'faithful',
  claim: 'The controls lie so close together that the updates of a run stand out from their noise.',
  reads: 'the norms of the updates in all controls, in the whole segment',
  speaks: 'at the end of the segment',
  judge: eachResume((resume, { noise }) => {
    if (noise.exact) return undefined;
    const widthsAt = (step: TracedStep): Comparison[] =>
      [...stepReadings(step, 'updateL2')]
        .map(([name, reading]) => noise.compare('updateL2', step.step, name, reading))
        // What does not move in the controls has no noise, and tells nothing of theirs.
        .filter(({ allowed, expected }) => allowed > 0 && expected !== 0);
    // One is enough, and most often the first has it.
    if (resume.controlSteps.some((step) => widthsAt(step).some(({ allowed }) => allowed < 1)))
      return undefined;
    const widths = resume.controlSteps.flatMap(widthsAt);
    if (widths.length === 0) return undefined;
    const closest = widths.reduce((least, { allowed }) => Math.min(least, allowed), Number.POSITIVE_INFINITY);
    return {
      sentence: `After resume ${resume.index}, the noise is too large to tell a run that trains from one that does not: ${noise.record.controls} equal controls lie that far apart.`,
      refutes: false,
      step: resume.to,
      subjectCount: widths.length,
      total: widths.length,
      expected: 'at least one update whose norm is known better than to 100 %',
      seen: `the closest is known to ${figure(100 * closest)} %`,
      likelyCause:
        'the program is not seeded, training is chaotic over so many steps, or the backend is this noisy',
      fix: 'seed every random generator; resume after fewer steps, or use a deterministic backend',
    };
  }),
};

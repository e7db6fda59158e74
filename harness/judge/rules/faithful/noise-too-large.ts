import type { TracedStep } from '../../../trace/schema.ts';
import type { Comparison } from '../../noise/noise.ts';
import { stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { figure } from '../../words.ts';

/**
 * Agreement within the noise proves nothing if a run that trains nothing would agree too. That is so if every
 * update's interval contains 0, or if the controls contradict each other.
 */
export const noiseTooLarge: Rule = {
  id: 'noise-too-large',
  proof: 'faithful',
  claim: 'The controls agree closely enough that updates stand out from the noise.',
  reads: 'the norms of the updates in all controls, over the whole segment',
  speaks: 'at the end of the segment',
  judge: eachResume((resume, { noise }) => {
    if (noise.exact) return undefined;
    const widthsAt = (step: TracedStep): Comparison[] =>
      [...stepReadings(step, 'updateL2')]
        .map(([name, reading]) => noise.compare('updateL2', step.step, name, reading))
        // A parameter that does not move in the controls has no noise to measure.
        .filter(({ allowed, expected }) => allowed > 0 && expected !== 0);
    // One such update is enough, and the first step usually has one.
    if (resume.controlSteps.some((step) => widthsAt(step).some(({ allowed }) => allowed < 1)))
      return undefined;
    const widths = resume.controlSteps.flatMap(widthsAt);
    if (widths.length === 0) return undefined;
    const closest = widths.reduce((least, { allowed }) => Math.min(least, allowed), Number.POSITIVE_INFINITY);
    return {
      sentence: `After resume ${resume.index}, the noise is too large to distinguish a run that trains from one that does not: ${noise.record.controls} identical controls differ that much.`,
      refutes: false,
      step: resume.to,
      subjectCount: widths.length,
      total: widths.length,
      expected: 'at least one update whose norm is known to better than 100 %',
      seen: `the best is known to ${figure(100 * closest)} %`,
      likelyCause:
        'the program is not seeded, training is chaotic over this many steps, or the backend is too noisy',
      fix: 'seed every random generator, resume after fewer steps, or use a deterministic backend',
    };
  }),
};

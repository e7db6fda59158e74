import type { TracedStep } from '../../../trace/schema.ts';
import type { Comparison } from '../../noise/noise.ts';
import { type Curve, stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { figure } from '../../words.ts';

/** What is measured at every step, in words. */
const NAMES: Readonly<Record<Curve, string>> = {
  updateL2: 'update',
  loss: 'loss',
  l2: 'norm of a parameter',
  gradientL2: 'gradient',
  appliedGradientL2: 'applied gradient',
};

/** Standard deviation among the controls, relative: losses and gradients of equal runs are far closer. */
const MOST_SPREAD = 0.2;

/**
 * Agreement within the noise proves nothing if a run that trains nothing would agree too. That is so if every
 * update's interval contains 0, or if the controls contradict each other. The same holds for every other quantity.
 */
export const noiseTooLarge: Rule = {
  id: 'noise-too-large',
  proof: 'faithful',
  claim: 'The controls agree closely enough that updates, losses and gradients stand out from the noise.',
  reads: 'losses and norms in all controls, over the whole segment',
  speaks: 'at the end of the segment',
  judge: eachResume((resume, { noise }) => {
    if (noise.exact) return undefined;
    for (const [quantity, noun] of Object.entries(NAMES) as [Curve, string][]) {
      const { factor = 1 } = noise.record.quantities.find((one) => one.quantity === quantity) ?? {};
      const isUpdate = quantity === 'updateL2';
      const most = isUpdate ? 1 : factor * MOST_SPREAD;
      const widthsAt = (step: TracedStep): Comparison[] =>
        [...stepReadings(step, quantity)]
          .map(([name, reading]) => noise.compare(quantity, step.step, name, reading))
          // What does not move in the controls has no noise to measure.
          .filter(({ allowed, expected }) => allowed > 0 && expected !== 0);
      // One value is enough, and the first step usually has one.
      if (resume.controlSteps.some((step) => widthsAt(step).some(({ allowed }) => allowed < most))) continue;
      const widths = resume.controlSteps.flatMap(widthsAt);
      if (widths.length === 0) continue;
      const closest = widths.reduce(
        (least, { allowed }) => Math.min(least, allowed),
        Number.POSITIVE_INFINITY,
      );
      const known = isUpdate ? closest : closest / factor;
      return {
        sentence: `After resume ${resume.index}, the noise is too large to ${isUpdate ? 'distinguish a run that trains from one that does not' : `compare any ${noun}`}: ${noise.record.controls} identical controls differ that much.`,
        refutes: false,
        step: resume.to,
        subjectCount: widths.length,
        total: widths.length,
        expected: isUpdate
          ? 'at least one update whose norm is known to better than 100 %'
          : `at least one ${noun} in which the controls differ by less than ${100 * MOST_SPREAD} %`,
        seen: `the best is known to ${figure(100 * known)} %`,
        likelyCause:
          'the program is not seeded, training is chaotic over this many steps, or the backend is too noisy',
        fix: 'seed every random generator, resume after fewer steps, or use a deterministic backend',
      };
    }
    return undefined;
  }),
};

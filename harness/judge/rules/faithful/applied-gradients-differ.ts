import { stepPairs } from '../../evidence.ts';
import { stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf } from '../../words.ts';
import { departures, sides } from './departures.ts';

/** The computed gradient is correct, but the gradient that the update uses is not. */
export const appliedGradientsDiffer: Rule = {
  id: 'applied-gradients-differ',
  proof: 'faithful',
  claim:
    'Where a computed gradient equals the control’s, so does the clipped and unscaled one that the update uses.',
  reads: 'the norm of each gradient in each step, as computed and as used by the update',
  speaks: 'at the first update',
  judge: eachResume((resume, { noise }) => {
    for (const { control, resumed } of stepPairs(resume)) {
      const wrong = new Set(noise.departing('gradientL2', control, resumed));
      const names = noise.departing('appliedGradientL2', control, resumed).filter((name) => !wrong.has(name));
      if (names.length === 0) continue;
      const mine = stepReadings(resumed, 'appliedGradientL2');
      const departed = departures(names, (name) =>
        noise.compare('appliedGradientL2', resumed.step, name, mine.get(name)),
      ).filter(({ expected, seen }) => typeof expected === 'number' && typeof seen === 'number');
      const [worst] = departed;
      if (worst === undefined) continue;
      return {
        sentence: `After resume ${resume.index}, the update of '${worst.name}' at step ${resumed.step} uses a gradient of norm ${insteadOf(worst.seen, worst.expected)}, although the computed gradient equals the control’s.`,
        subjects: departed.map(({ name }) => name),
        total: control.names.length,
        step: resumed.step,
        ...sides(worst),
        likelyCause:
          'gradients are no longer clipped, are clipped twice or to a different norm, or are accumulated, averaged or unscaled differently',
        fix: 'clip and unscale gradients after a resume as before it, in the hooks too',
      };
    }
    return undefined;
  }),
};

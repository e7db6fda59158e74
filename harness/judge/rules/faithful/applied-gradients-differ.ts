import { stepPairs } from '../../evidence.ts';
import { stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf } from '../../words.ts';
import { departures, sides } from './departures.ts';

/** Where the gradient itself is right, and what the update makes of it is not. */
export const appliedGradientsDiffer: Rule = {
  id: 'applied-gradients-differ',
  proof: 'faithful',
  claim: 'What an update uses of a right gradient, clipped and unscaled, is what the control’s uses.',
  reads: 'the norm of each gradient as it came, and as the update used it, in each step',
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
        sentence: `After resume ${resume.index}, the gradient that the update of '${worst.name}' uses at step ${resumed.step} is not the control’s, though the gradient is: its norm is ${insteadOf(worst.seen, worst.expected)}.`,
        subjects: departed.map(({ name }) => name),
        total: control.names.length,
        step: resumed.step,
        ...sides(worst),
        likelyCause: 'gradients are not clipped any more, clipped twice or to another norm, or not unscaled',
        fix: 'clip and unscale after a resume as before it, in the hooks too',
      };
    }
    return undefined;
  }),
};

import { outlierAmong } from '../../noise/outlier.ts';
import { nameOf } from '../../process.ts';
import { stepsOf } from '../../quantities.ts';
import type { Rule } from '../../rule.ts';
import { figure, listed } from '../../words.ts';

export const controlStandsApart: Rule = {
  id: 'control-stands-apart',
  proof: 'faithful',
  claim: 'No control lies far from all others: the controls are draws of the same noise.',
  reads: 'every measured quantity of three or more controls on one backend, where equal runs differ',
  speaks: 'at the end of the segment',
  judge: ({ controls, noise }) => {
    if (noise.exact) return [];
    const backends = Map.groupBy(controls, ({ run }) => run?.backend.name);
    for (const group of backends.values()) {
      const found = outlierAmong(group, (quantity) => stepsOf(group[0]!, quantity));
      if (found === undefined) continue;
      const { control, quantity, name, distance, allowed } = found;
      return [
        {
          sentence: `The ${nameOf(control)} run lies far from the other controls in ${quantity}${name === '' ? '' : ` of ${listed([name])}`}: ${figure(distance)} of their standard deviations, so it does not show their noise.`,
          refutes: false,
          subjects: name === '' ? [] : [name],
          expected: `at most ${figure(allowed)} standard deviations`,
          seen: figure(distance),
          likelyCause: 'one of the equal runs did something else, such as another seed, data or precision',
          fix: 'find out what differs in that run; run the scenario again',
        },
      ];
    }
    return [];
  },
};

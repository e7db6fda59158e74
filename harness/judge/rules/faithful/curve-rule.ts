/** A rule on a quantity that is measured in every step. */
import { stepPairs } from '../../evidence.ts';
import { type Curve, stepReadings } from '../../quantities.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf } from '../../words.ts';
import { departures, sides } from './departures.ts';

interface CurveRule extends Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'> {
  readonly quantity: Curve;
  readonly noun: string;
  readonly likelyCause: string;
}

/** Makes a rule that compares a quantity step by step: exactly, or within the noise of the controls. */
export function curveRule({ quantity, noun, likelyCause, ...what }: CurveRule): Rule {
  return {
    ...what,
    proof: 'faithful',
    judge: eachResume((resume, { noise }) => {
      for (const { control, resumed } of stepPairs(resume)) {
        const names = noise.departing(quantity, control, resumed);
        if (names.length === 0) continue;
        const mine = stepReadings(resumed, quantity);
        const departed = departures(names, (name) =>
          noise.compare(quantity, resumed.step, name, mine.get(name)),
        );
        const [worst] = departed;
        if (worst === undefined) continue;
        const where = worst.name === '' ? '' : ` of '${worst.name}'`;
        return {
          sentence: `After resume ${resume.index}, ${noun}${where} differs from the control’s at step ${resumed.step}: ${insteadOf(worst.seen, worst.expected)}.`,
          subjects: departed.flatMap(({ name }) => (name === '' ? [] : [name])),
          total: quantity === 'loss' ? 0 : control.names.length,
          step: resumed.step,
          ...sides(worst),
          likelyCause,
          fix: 'start with the first finding: it shows what was not restored, or what runs differently after a resume',
        };
      }
      return undefined;
    }),
  };
}

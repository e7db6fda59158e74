/** A rule on values that the host computes. */
import { type StepPair, stepPairs } from '../../evidence.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { insteadOf } from '../../words.ts';

/** Makes a rule that always compares exactly, and reports the first step that differs. */
export function firstStep(
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  differs: (pair: StepPair) => { what: string; expected: string; seen: string } | undefined,
  likelyCause: (pairs: readonly StepPair[]) => string,
  fix: string,
): Rule {
  return {
    ...what,
    proof: 'faithful',
    judge: eachResume((resume) => {
      const pairs = stepPairs(resume);
      for (const pair of pairs) {
        const found = differs(pair);
        if (found === undefined) continue;
        const { what, expected, seen } = found;
        const after = pairs.slice(pairs.indexOf(pair));
        const steps = after.filter((each) => differs(each) !== undefined).length;
        const where =
          steps === after.length
            ? `from step ${pair.resumed.step} on`
            : `in ${steps} of ${pairs.length} steps, first in step ${pair.resumed.step}`;
        return {
          sentence: `After resume ${resume.index}, ${what} ${where}: ${insteadOf(seen, expected)}.`,
          subjectCount: steps,
          total: pairs.length,
          step: pair.resumed.step,
          expected,
          seen,
          likelyCause: likelyCause(pairs),
          fix,
        };
      }
      return undefined;
    }),
  };
}

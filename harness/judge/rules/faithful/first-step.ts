/** A rule on values that the host computes. */
import { type Resume, type StepPair, stepPairs } from '../../evidence.ts';
import { eachResume, type Rule } from '../../rule.ts';
import { spanText } from '../../spans.ts';
import { insteadOf } from '../../words.ts';

/** Makes a rule that always compares exactly, and reports the first step that differs. */
export function firstStep(
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  differs: (pair: StepPair) => { what: string; expected: string; seen: string } | undefined,
  likelyCause: (resume: Resume) => string,
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
        const steps = pairs.filter((each) => differs(each) !== undefined).map(({ resumed }) => resumed.step);
        const where = spanText(
          steps,
          pairs.map(({ resumed }) => resumed.step),
        );
        return {
          sentence: `After resume ${resume.index}, ${what} ${where}: ${insteadOf(seen, expected)}.`,
          subjectCount: steps.length,
          total: pairs.length,
          step: pair.resumed.step,
          expected,
          seen,
          likelyCause: likelyCause(resume),
          fix,
        };
      }
      return undefined;
    }),
  };
}

/** A rule on how often something happens to each parameter. */
import { total } from '../../columns.ts';
import type { Rule } from '../../rule.ts';
import { ofAll } from '../../words.ts';
import { aliveRule, hookCalls } from './segment.ts';

export const countRule = (
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  noun: string,
  column: typeof hookCalls,
  likelyCause: string,
  fix: string,
): Rule =>
  aliveRule(what, ({ resume, control, resumed, names, movedInControl, movedInResumed }) => {
    const different = names.filter((name) => {
      const seen = total(resumed, name, column);
      // Other rules report a count of zero: hooks-silent, silent-no-op and stalled-parameters.
      const stalls = movedInControl.has(name) && !movedInResumed.has(name);
      const reported = seen === 0 && (column === hookCalls || stalls);
      return !reported && seen !== total(control, name, column);
    });
    const [first] = different;
    if (first === undefined) return undefined;
    const [seen, expected] = [total(resumed, first, column), total(control, first, column)];
    return {
      sentence: `After resume ${resume.index}, the number of ${noun} differs from the control’s for ${ofAll(different.length, names.length, 'parameter')}: ${seen} instead of ${expected} for '${first}' in ${resumed.length} steps.`,
      subjects: different,
      total: names.length,
      step: resumed.find((step, at) => total([step], first, column) !== total([control[at]!], first, column))!
        .step,
      expected: `${expected} for '${first}'`,
      seen: `${seen} for '${first}'`,
      likelyCause,
      fix,
    };
  });

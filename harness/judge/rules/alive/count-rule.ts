/** A rule on how often something is done with each parameter. */
import { total } from '../../columns.ts';
import type { Rule } from '../../rule.ts';
import { ofAll, plural } from '../../words.ts';
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
      // None at all is another rule's finding: silent hooks, or parameters that stall.
      const stalls = movedInControl.has(name) && !movedInResumed.has(name);
      const told = seen === 0 && (column === hookCalls || stalls);
      return !told && seen !== total(control, name, column);
    });
    const [first] = different;
    if (first === undefined) return undefined;
    const [seen, expected] = [total(resumed, first, column), total(control, first, column)];
    return {
      sentence: `After resume ${resume.index}, ${ofAll(different.length, names.length, 'parameter')} ${plural(different.length, 'has', 'have')} ${noun} ${seen} times in ${resumed.length} steps, in the control ${expected} times.`,
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

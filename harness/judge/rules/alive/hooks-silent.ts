import { total, totalOf } from '../../columns.ts';
import { ofAll } from '../../words.ts';
import { aliveRule, firstWith, hookCalls, isStill, type Segment } from './segment.ts';

/** Describes what did not move along with the silent hooks. Empty if the parameters moved. */
function stillness(segment: Segment, names: readonly string[]): string {
  if (isStill(segment)) return ` and nothing moved in ${segment.resumed.length} steps`;
  return names.some((name) => segment.movedInResumed.has(name))
    ? ''
    : ' and the hooked parameters did not move';
}

export const hooksSilent = aliveRule(
  {
    id: 'hooks-silent',
    claim: 'Every gradient hook that fires in the control fires after the resume.',
    reads: 'the calls of each parameter’s gradient hook in each step',
    speaks: 'at the first step',
  },
  (segment) => {
    const { resume, control, resumed, names } = segment;
    const wanted = names.filter((name) => total(control, name, hookCalls) > 0);
    const silent = wanted.filter((name) => total(resumed, name, hookCalls) === 0);
    if (silent.length === 0) return undefined;
    const stray = resumed.reduce((sum, { strayHookCalls }) => sum + strayHookCalls, 0);
    const whose =
      silent.length === wanted.length
        ? 'no gradient hook fired'
        : `the hooks of ${ofAll(silent.length, wanted.length, 'parameter')} did not fire`;
    return {
      sentence: `After resume ${resume.index}, ${whose}${stillness(segment, silent)}: the hooks are not on the trained variables.`,
      subjects: silent,
      total: wanted.length,
      step: Math.min(...silent.map((name) => firstWith(control, name, hookCalls))),
      expected: `${totalOf(control, hookCalls)} hook calls, as in the control`,
      seen: `${totalOf(resumed, hookCalls)} hook calls${stray > 0 ? `, and ${stray} on variables that are not the trainer’s parameters` : ''}`,
      likelyCause:
        'the hooks were registered before the resume, which replaced the hooked variables, or were never registered',
      fix: 'register gradient hooks on the trained variables, after everything is restored',
    };
  },
);

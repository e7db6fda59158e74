import { total } from '../../columns.ts';
import { figure, listed, ofAll } from '../../words.ts';
import { aliveRule, changed, firstWith, isStill, updateL2 } from './segment.ts';

export const stalledParameters = aliveRule(
  {
    id: 'stalled-parameters',
    claim: 'Every parameter that moves in the control also moves after the resume.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  (segment) => {
    const { resume, control, resumed, movedInControl, movedInResumed } = segment;
    const stalled = [...movedInControl].filter((name) => !movedInResumed.has(name));
    if (stalled.length === 0 || isStill(segment)) return undefined;
    return {
      sentence: `After resume ${resume.index}, ${ofAll(stalled.length, movedInControl.size, 'parameter')} did not move in ${resumed.length} steps: ${listed(stalled)}.`,
      subjects: stalled,
      total: movedInControl.size,
      step: Math.min(...stalled.map((name) => firstWith(control, name, changed))),
      expected: `'${stalled[0]}' moves by ${figure(total(control, stalled[0]!, updateL2))} in these steps`,
      seen: '0',
      likelyCause:
        'their hook, gradient, learning rate or place in a parameter group was lost, they were restored as frozen, or what decides whether they are trained (a phase, a stop) is not restored',
      fix: 'compare this list with the parameters that are hooked, grouped and trainable after the restore',
    };
  },
);

import { total } from '../../columns.ts';
import { figure, listed, ofAll, plural } from '../../words.ts';
import { aliveRule, changed, firstWith, updateL2 } from './segment.ts';

export const frozenParametersMove = aliveRule(
  {
    id: 'frozen-parameters-move',
    claim: 'No parameter moves that stays unchanged in the control.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  ({ resume, resumed, movedInControl, movedInResumed }) => {
    const extra = [...movedInResumed].filter((name) => !movedInControl.has(name));
    if (extra.length === 0) return undefined;
    const held = resumed[0]!.names.length;
    return {
      sentence: `After resume ${resume.index}, ${ofAll(extra.length, held, 'parameter')} ${plural(extra.length, 'moves, although it does', 'move, although they do')} not in the control: ${listed(extra)}.`,
      subjects: extra,
      total: held,
      step: Math.min(...extra.map((name) => firstWith(resumed, name, changed))),
      expected: 'no change',
      seen: `'${extra[0]}' moved by ${figure(total(resumed, extra[0]!, updateL2))}`,
      likelyCause: 'frozen parameters were restored as trainable, or were added to a parameter group',
      fix: 'freeze them again after the load, before the optimizers and hooks are built',
    };
  },
);

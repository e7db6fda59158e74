import { total } from '../../columns.ts';
import { figure, listed, ofAll, plural } from '../../words.ts';
import { aliveRule, changed, firstWith, type Segment, updateL2 } from './segment.ts';

const UNFROZEN = {
  likelyCause:
    'they were restored as trainable or added to a parameter group, or what freezes or skips them in the control (a phase, a turn) is not restored',
  fix: 'freeze them again after the load, before the optimizers and hooks are built',
};
const OTHER_STEPS = {
  likelyCause:
    'the resumed run makes updates in steps in which the control makes none: the accumulation window, or what skips or stops training, differs',
  fix: 'save and restore the micro-batch count, the loss scale and what stops training',
};

/** Whether these parameters move only in steps in which the control moves nothing. */
const movesAlone = ({
  control,
  resumed,
  extra,
}: Pick<Segment, 'control' | 'resumed'> & { readonly extra: readonly string[] }): boolean =>
  resumed.every(
    ({ names, changed }, at) =>
      !control[at]!.changed.includes(true) ||
      !names.some((name, place) => changed[place] && extra.includes(name)),
  );

export const frozenParametersMove = aliveRule(
  {
    id: 'frozen-parameters-move',
    claim: 'No parameter moves that stays unchanged in the control.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  ({ resume, control, resumed, movedInControl, movedInResumed }) => {
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
      ...(movesAlone({ control, resumed, extra }) ? OTHER_STEPS : UNFROZEN),
    };
  },
);

import { enumerated, ofAll, shown, valuesApart } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const learningRateDiffers = firstStep(
  {
    id: 'learning-rate-differs',
    claim: 'The logged learning rate of each group equals the control’s.',
    reads: 'the learning rates that the trainer logs in each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) => {
    const [theirs, mine] = [control.claimed.learningRates, resumed.claimed.learningRates];
    const groups = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
    const different = groups.filter((group) => !Object.is(theirs[group], mine[group]));
    if (different.length === 0) return undefined;
    const figures = different.map((group) => [group, valuesApart(mine[group], theirs[group])] as const);
    const side = (which: 0 | 1): string =>
      enumerated(figures.map(([group, both]) => `${shown(group)} ${both[which]}`));
    return {
      what: `the learning rate of ${ofAll(different.length, groups.length, 'group')} differs from the control’s`,
      expected: side(1),
      seen: side(0),
    };
  },
  () =>
    'the schedule has another position, base rate, pace, length or formula, follows other values (a metric), or its rate reaches the optimizer late or never',
  'save and restore each schedule, and build it before the restore',
);

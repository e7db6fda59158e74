import type { TracedStep } from '../../../trace/schema.ts';
import { entriesThatDiffer } from '../../compare.ts';
import { listsApart } from '../../words.ts';
import { firstStep } from './first-step.ts';

const batchOf = ({ claimed }: TracedStep): string => JSON.stringify(claimed.batch);

export const batchesDiffer = firstStep(
  {
    id: 'batches-differ',
    claim: 'The same examples come in the same order as in the control.',
    reads: 'the ids of the examples in each step, as the trainer reports them',
    speaks: 'at the first step',
  },
  ({ control, resumed }) => {
    if (batchOf(control) === batchOf(resumed)) return undefined;
    const [seen, expected] = listsApart(resumed.claimed.batch, control.claimed.batch);
    return {
      what: 'the batches differ from the control’s',
      expected: expected || 'an empty batch',
      seen: seen || 'an empty batch',
    };
  },
  ({ saved, resumed }) => {
    const isRestored =
      saved !== undefined &&
      resumed !== undefined &&
      Object.keys(saved.random).length > 0 &&
      entriesThatDiffer(saved.random, resumed.random).of.length === 0;
    return `what selects the examples was not restored, or follows from a training that differs: ${isRestored ? '' : 'random state, '}a position, an order, a seed, or what they are drawn by`;
  },
  'save and restore what selects the examples: the epoch, the position, the shuffle seed, and what they are drawn by',
);

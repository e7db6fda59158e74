import type { TracedStep } from '../../../trace/schema.ts';
import { listsApart, plural } from '../../words.ts';
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
  (pairs) => {
    const theirs = pairs.map(({ control }) => batchOf(control));
    const shift = theirs.indexOf(batchOf(pairs[0]!.resumed));
    return shift > 0
      ? `${shift} of the control’s batches ${plural(shift, 'is', 'are')} skipped`
      : 'the data cursor was not restored: the loader restarted, reshuffled, or was advanced by the restore';
  },
  'save the epoch, the position and the shuffle seed, and restore them after the loader is built',
);

import { sameValues } from '../../columns.ts';
import { stepsBetween } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { valuesApart } from '../../words.ts';

export const notReproducible: Rule = {
  id: 'not-reproducible',
  proof: 'run',
  claim: 'The interrupted run equals the control up to its save.',
  reads: 'losses and parameter norms of the control and of the interrupted run, up to the save',
  speaks: 'before the first step',
  judge: ({ control, before, history, noise }) => {
    // Both use the same backend, so controls on other backends do not matter.
    if (!noise.exact && control?.run?.backend.deterministic !== true) return [];
    const first = history.processes.find(({ id }) => id === before?.run?.id);
    const end = first?.saves[0] ?? first?.until ?? 0;
    const theirs = stepsBetween(before, 0, end);
    const different = stepsBetween(control, 0, end).find((step, index) => {
      const other = theirs[index];
      return (
        other !== undefined &&
        (!Object.is(step.claimed.loss, other.claimed.loss) || !sameValues(step.l2, other.l2))
      );
    });
    if (different === undefined) return [];
    const [seen, expected] = valuesApart(theirs[different.step - 1]?.claimed.loss, different.claimed.loss);
    return [
      {
        sentence: `Two runs of this program differ before any resume, at step ${different.step}: the program is not reproducible.`,
        step: different.step,
        expected: `loss ${expected} in both runs`,
        seen: `loss ${seen}${seen === expected ? ', with different norms' : ''}`,
        likelyCause:
          'an unseeded random generator, the clock, the order of files or saving itself influences training',
        fix: 'seed every generator from the context’s seed, and sort the files that are read from disk',
      },
    ];
  },
};

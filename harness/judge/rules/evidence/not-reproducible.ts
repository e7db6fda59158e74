import type { Rule } from '../../rule.ts';
import { valuesApart } from '../../words.ts';
import { firstApart, isSpoiltAlike, saverDeparts } from '../alive/saver-departs.ts';

export const notReproducible: Rule = {
  id: 'not-reproducible',
  proof: 'run',
  claim: 'The interrupted run equals the control up to its save.',
  reads: 'losses and parameter norms of the control and of the interrupted run, up to the save',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { control, before, noise } = evidence;
    // Both use the same backend, so controls on other backends do not matter.
    if (!noise.exact && control?.run?.backend.deterministic !== true) return [];
    const different = firstApart(evidence, control);
    if (different === undefined) return [];
    // Then saving makes the difference, and that rule says so.
    if (isSpoiltAlike(evidence) && saverDeparts.judge(evidence).length > 0) return [];
    const other = before?.steps.find(({ step }) => step === different.step);
    const [seen, expected] = valuesApart(other?.claimed.loss, different.claimed.loss);
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

import { manner } from '../../compare.ts';
import { stepPairs } from '../../evidence.ts';
import { listed } from '../../words.ts';
import { tensorRule, wholeGroups } from './tensor-rule.ts';

export const slotsNotRestored = tensorRule({
  id: 'slots-not-restored',
  kind: 'slot',
  noun: 'optimizer slot',
  claim: 'Every optimizer slot (momentum, second moment …) is restored.',
  likelyCause: (resume, found) => {
    const way = manner(found);
    if (way === 'missing') {
      const groups = wholeGroups(resume, found, 'slot');
      const whose = groups.length > 0 ? `of ${listed(groups, 6)} ` : '';
      return `the optimizer state ${whose}was left out of the checkpoint, or was saved but never read: the optimizer was created, or registered with the checkpoint, after the restore`;
    }
    if (way === 'zero')
      return 'the slots were created again after the restore, the restore filled different ones, or they were not saved';
    const digests = new Set(found.map(({ saved }) => saved?.digest));
    const shuffled = found.length > 1 && found.every(({ resumed }) => digests.has(resumed?.digest));
    return shuffled
      ? 'the slots belong to other parameters: they were matched by position, not by name'
      : 'they were converted, cut or ordered differently, belong to a different step, or a step ran during the restore';
  },
  later: (resume, found, { noise }) => {
    const pairs = stepPairs(resume);
    const updated = pairs.filter(({ control }) => control.changed.includes(true));
    const equal = (['updateL2', 'l2'] as const).every((curve) =>
      pairs.every(({ control, resumed }) => noise.departing(curve, control, resumed).length === 0),
    );
    return manner(found) === 'missing' && updated.length > 0 && equal
      ? ' before the first step, but every update equals the control’s: they may be restored at the first update'
      : undefined;
  },
  fix: 'create and register every optimizer before the restore, and map slots to parameters by name',
});

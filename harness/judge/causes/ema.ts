/** The exponential moving average (EMA) of the parameters. */
import { indexOf } from '../columns.ts';
import { isAsIn, manner } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { observedSight } from '../parting/per-step.ts';
import { listed, ofAll, plural, whichOf, whichSubjects } from '../words.ts';
import type { Cause } from './cause.ts';
import { type Clues, counterNames, isInitial, sameNorm } from './clues.ts';
import { emaIsOff } from './stale.ts';

const LOST = {
  heads: ['ema-not-restored'],
  explains: [
    'ema-not-restored',
    'counter:ema',
    'samples-differ-at-resume',
    'ema-does-not-advance',
    'samples-unchanged',
  ],
};

export const EMA_CAUSES: readonly Cause[] = [
  {
    id: 'ema-built-late',
    means: 'The EMA restarted from the live parameters.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('ema');
      if (of.length === 0 || !of.every(isAsIn(clues.resume.resumed, 'parameter'))) return undefined;
      return `${whichOf(of, total, 'EMA')} ${plural(of.length, 'equals', 'equal')} the live parameters, so ${plural(of.length, 'it restarts', 'they restart')} from them`;
    },
  },
  {
    id: 'ema-lost',
    means: 'The EMA was not restored.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('ema');
      if (of.length === 0) return undefined;
      const initial = tensorsOf(clues.initial, 'ema').size > 0 && of.every(isInitial(clues, 'ema'));
      const way = initial ? 'as at the start of the run' : manner(of);
      return `${ofAll(of.length, total, 'EMA')} ${plural(of.length, 'was', 'were')} not restored (${listed(of.map(({ name }) => name))}): ${plural(of.length, 'it is', 'they are')} ${way}`;
    },
  },
  {
    id: 'ema-counter-reset',
    means: 'The EMA’s update count, which warms up its decay, was not restored, so the EMA is overwritten.',
    heads: ['counters-not-restored'],
    explains: ['counter:ema', 'final-ema-differs'],
    diagnose(clues) {
      const counts = clues.counters.filter(({ kind }) => kind === 'ema');
      if (counts.length === 0 || clues.has('ema-not-restored')) return undefined;
      const behind = counts.every(({ saved, resumed }) => !(Number(resumed) >= Number(saved)));
      return `the EMA’s update count was not restored (${counterNames(counts)}), so ${behind ? 'its decay warms up again and the EMA is overwritten' : 'its decay is wrong'}`;
    },
  },
  {
    id: 'ema-stalls',
    means: 'The EMA is no longer updated.',
    heads: ['ema-does-not-advance'],
    explains: ['ema-does-not-advance', 'samples-unchanged'],
    diagnose(clues) {
      const found = clues.finding('ema-does-not-advance');
      if (found === undefined || clues.moves.resumed.size === 0) return undefined;
      return `${whichSubjects(found, 'EMA')} ${plural(found.subjectCount, 'is', 'are')} no longer updated, but ${clues.moves.resumed.size} parameters move`;
    },
  },
  {
    id: 'ema-overwritten',
    means: 'The EMA was restored, and its first update replaced it with the parameters.',
    fix: 'save and restore the count and the flags of the EMA’s updates',
    heads: ['final-ema-differs'],
    explains: ['final-ema-differs'],
    diagnose(clues) {
      if (!emaIsOff(clues)) return undefined;
      const over = firstApart(clues);
      return over?.of.every(({ l2, parameter }) => parameter !== undefined && sameNorm(l2, parameter))
        ? `${ofAll(over.of.length, over.total, 'EMA')} ${plural(over.of.length, 'was', 'were')} restored, but in step ${over.step} ${plural(over.of.length, 'it is', 'they are')} replaced with the parameters (${listed(over.of.map(({ name }) => name))}), as in the first update of a new EMA: a flag or a count of its updates is not restored`
        : undefined;
    },
  },
  {
    id: 'ema-update-differs',
    means:
      'The EMA is updated with a different decay, a different number of times, or from different parameters.',
    fix: 'save and restore what the EMA is updated by, and update it once after each update, from the trained parameters',
    heads: ['final-ema-differs'],
    explains: ['final-ema-differs'],
    diagnose(clues) {
      const found = clues.finding('final-ema-differs');
      if (found === undefined || !emaIsOff(clues)) return undefined;
      return `${whichSubjects(found, 'EMA')} ${plural(found.subjectCount, 'was', 'were')} restored but ${plural(found.subjectCount, 'differs', 'differ')} at the end, although the parameters do not: the EMA is updated with a different decay, a different number of times, or from other parameters`;
    },
  },
];

/** The EMAs that differ in the first step in which any does, with the norms of their parameters. */
function firstApart({ pairs }: Clues) {
  for (const pair of pairs) {
    const sight = observedSight('ema', pair);
    if (sight === undefined || sight.parted.length === 0) continue;
    const { step, names, l2 } = pair.resumed;
    const at = indexOf(names);
    const of = sight.parted.map(({ name, mine }) => ({
      name,
      l2: mine[0]!,
      parameter: l2[at.get(name) ?? -1],
    }));
    return { step, of, total: sight.among.length };
  }
  return undefined;
}

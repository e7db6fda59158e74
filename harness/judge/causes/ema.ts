/** The EMA of the weights (EMA). */

import { isAsIn, manner } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { listed, ofAll, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import { counterNames, isInitial } from './clues.ts';
import { emaIsOff } from './stale.ts';

const LOST = {
  heads: ['ema-not-restored'],
  explains: [
    'ema-not-restored',
    'counter:ema',
    'images-differ-at-resume',
    'ema-does-not-advance',
    'images-unchanged',
  ],
};

export const EMA_CAUSES: readonly Cause[] = [
  {
    id: 'ema-built-late',
    means: 'The EMA was started anew from the live weights.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('ema');
      if (of.length === 0 || !of.every(isAsIn(clues.resume.resumed, 'parameter'))) return undefined;
      return `${ofAll(of.length, total, 'EMA')} ${plural(of.length, 'is', 'are')} the live weights: the EMA was built after the restore, and began anew`;
    },
  },
  {
    id: 'ema-lost',
    means: 'The EMA did not come back.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('ema');
      if (of.length === 0) return undefined;
      const initial = tensorsOf(clues.initial, 'ema').size > 0 && of.every(isInitial(clues, 'ema'));
      const way = initial ? 'that of the weights that the run began with' : manner(of);
      return `${ofAll(of.length, total, 'EMA')} did not come back (${listed(of.map(({ name }) => name))}): ${plural(of.length, 'it is', 'they are')} ${way}`;
    },
  },
  {
    id: 'ema-counter-reset',
    means: 'The EMA’s own count, which warms up its decay, did not come back: it is overwritten.',
    heads: ['counters-not-restored'],
    explains: ['counter:ema', 'final-ema-differs'],
    diagnose(clues) {
      const counts = clues.counters.filter(({ kind }) => kind === 'ema');
      if (counts.length === 0 || clues.has('ema-not-restored')) return undefined;
      const behind = counts.every(({ saved, resumed }) => !(Number(resumed) >= Number(saved)));
      return `the EMA’s count did not come back (${counterNames(counts)}): ${behind ? 'its decay warms up again, and the EMA is overwritten' : 'its decay is that of other updates'}`;
    },
  },
  {
    id: 'ema-stalls',
    means: 'The EMA is not updated any more.',
    heads: ['ema-does-not-advance'],
    explains: ['ema-does-not-advance', 'images-unchanged'],
    diagnose(clues) {
      const found = clues.finding('ema-does-not-advance');
      if (found === undefined || clues.moves.resumed.size === 0) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'EMA')} ${plural(found.subjectCount, 'is', 'are')} not updated any more, while ${clues.moves.resumed.size} parameters move`;
    },
  },
  {
    id: 'ema-update-differs',
    means: 'The EMA is updated with another decay, more often, or from other weights.',
    heads: ['final-ema-differs'],
    explains: ['final-ema-differs'],
    diagnose(clues) {
      const found = clues.finding('final-ema-differs');
      if (found === undefined || !emaIsOff(clues)) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'EMA')} ${plural(found.subjectCount, 'ends', 'end')} otherwise, though they came back and the weights end right: updated with another decay, or another number of times`;
    },
  },
];

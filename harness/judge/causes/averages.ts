/** The average of the weights (EMA). */

import { isAsIn, manner } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { listed, ofAll, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import { counterNames, isInitial } from './clues.ts';
import { averageIsOff } from './stale.ts';

const LOST = {
  heads: ['averages-not-restored'],
  explains: [
    'averages-not-restored',
    'counter:average',
    'images-differ-at-resume',
    'averages-do-not-advance',
    'images-unchanged',
  ],
};

export const AVERAGES: readonly Cause[] = [
  {
    id: 'average-built-late',
    means: 'The average was started anew from the live weights.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('average');
      if (of.length === 0 || !of.every(isAsIn(clues.resume.resumed, 'parameter'))) return undefined;
      return `${ofAll(of.length, total, 'weight average')} ${plural(of.length, 'is', 'are')} the live weights: the average was built after the restore, and began anew`;
    },
  },
  {
    id: 'average-not-restored',
    means: 'The average did not come back.',
    ...LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('average');
      if (of.length === 0) return undefined;
      const initial = tensorsOf(clues.initial, 'average').size > 0 && of.every(isInitial(clues, 'average'));
      const way = initial ? 'that of the weights that the run began with' : manner(of);
      return `${ofAll(of.length, total, 'weight average')} did not come back (${listed(of.map(({ name }) => name))}): ${plural(of.length, 'it is', 'they are')} ${way}`;
    },
  },
  {
    id: 'average-counter-reset',
    means: 'The average’s own count, which warms up its decay, did not come back: it is overwritten.',
    heads: ['counters-not-restored'],
    explains: ['counter:average', 'final-averages-differ'],
    diagnose(clues) {
      const counts = clues.counters.filter(({ kind }) => kind === 'average');
      if (counts.length === 0 || clues.has('averages-not-restored')) return undefined;
      const behind = counts.every(({ saved, resumed }) => !(Number(resumed) >= Number(saved)));
      return `the average’s count did not come back (${counterNames(counts)}): ${behind ? 'its decay warms up again, and the average is overwritten' : 'its decay is that of other updates'}`;
    },
  },
  {
    id: 'average-stalls',
    means: 'The average is not updated any more.',
    heads: ['averages-do-not-advance'],
    explains: ['averages-do-not-advance', 'images-unchanged'],
    diagnose(clues) {
      const found = clues.finding('averages-do-not-advance');
      if (found === undefined || clues.moves.resumed.size === 0) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'weight average')} ${plural(found.subjectCount, 'is', 'are')} not updated any more, while ${clues.moves.resumed.size} parameters move`;
    },
  },
  {
    id: 'average-updated-otherwise',
    means: 'The average is updated with another decay, more often, or from other weights.',
    heads: ['final-averages-differ'],
    explains: ['final-averages-differ'],
    diagnose(clues) {
      const found = clues.finding('final-averages-differ');
      if (found === undefined || !averageIsOff(clues)) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'weight average')} ${plural(found.subjectCount, 'ends', 'end')} otherwise, though they came back and the weights end right: updated with another decay, or another number of times`;
    },
  },
];

/** Where the data goes on. */
import { counterKind } from '../../trace/names.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, COUNTERS, counterNames, ofKind } from './clues.ts';

/** Where the data goes on. */
const DATA = {
  restarted: 'The data began anew.',
  rewound: 'The data goes on from an earlier place: some examples are seen twice.',
  skipped: 'The data goes on from a later place: some examples are never seen.',
  reshuffled: 'The data comes in another order.',
};

interface Place {
  readonly way: keyof typeof DATA;
  readonly told: string;
}

/** Where in the control's examples the resumed run goes on. */
function placeOf(clues: Clues): Place | undefined {
  const { evidence, resume, pairs, initial } = clues;
  const counts = ofKind(clues, 'data');
  if (counts.length === 0 && !clues.has('batches-differ')) return undefined;
  const counted = counts.length > 0 ? `: ${counterNames(counts)}` : '';
  const batch = pairs[0]?.resumed.claimed.batch ?? [];
  const steps = evidence.control?.steps ?? [];
  const ids = steps.flatMap(({ claimed }) => claimed.batch);
  const here = steps
    .filter(({ step }) => step <= resume.from)
    .reduce((sum, { claimed }) => sum + claimed.batch.length, 0);
  const places = ids.flatMap((_, at) =>
    batch.length > 0 && batch.every((id, n) => ids[at + n] === id) ? [at] : [],
  );
  const moved = Object.entries(resume.saved?.counters ?? {}).filter(
    ([name, saved]) => counterKind(name) === 'data' && saved !== initial?.counters[name],
  );
  if (counts.length > 0 && counts.length >= moved.length && areFresh(counts))
    return { way: 'restarted', told: `the data began anew${counted}` };
  const wrong = clues.finding('batches-differ')?.step;
  if (counts.length === 0 && places.includes(here) && wrong !== undefined) {
    return {
      way: 'reshuffled',
      told: `the data comes in another order than the control’s from step ${wrong} on`,
    };
  }
  if (places.includes(0) && here > 0)
    return { way: 'restarted', told: 'the data began anew: the first batch is the control’s first' };
  const [place] = places.toSorted((a, b) => Math.abs(a - here) - Math.abs(b - here));
  if (place !== undefined && place < here) {
    return {
      way: 'rewound',
      told: `the data goes on ${here - place} examples too early, which are seen twice${counted}`,
    };
  }
  if (place !== undefined && place > here) {
    return {
      way: 'skipped',
      told: `the data goes on ${place - here} examples too late, which are never seen${counted}`,
    };
  }
  const order =
    place === undefined
      ? 'the data comes in another order than the control’s'
      : 'the place in the data is another';
  return { way: 'reshuffled', told: `${order}${counted}` };
}

export const DATA_CAUSES: readonly Cause[] = (Object.keys(DATA) as Place['way'][]).map(
  (way): Cause => ({
    id: `data-${way}`,
    means: DATA[way],
    heads: [COUNTERS, 'batches-differ'],
    explains: ['counter:data', 'batches-differ'],
    diagnose(clues) {
      const place = placeOf(clues);
      return place?.way === way ? place.told : undefined;
    },
  }),
);

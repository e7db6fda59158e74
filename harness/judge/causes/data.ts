/** The position in the data after the resume. */
import { counterKind } from '../../trace/names.ts';
import { plural } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, COUNTERS, counterNames, ofKind } from './clues.ts';

/** The ways in which the position can be wrong. */
const DATA = {
  restarted: 'The data restarted from the beginning.',
  rewound: 'The data continues from an earlier position, so some examples are seen twice.',
  skipped: 'The data continues from a later position, so some examples are never seen.',
  reshuffled: 'The data is in a different order.',
};

interface Place {
  readonly way: keyof typeof DATA;
  readonly sentence: string;
}

const examples = (count: number): string => `${count} ${plural(count, 'example', 'examples')}`;

/** Where in the control's examples the resumed run continues. */
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
    return { way: 'restarted', sentence: `the data restarted from the beginning${counted}` };
  const wrong = clues.finding('batches-differ')?.step;
  if (counts.length === 0 && places.includes(here) && wrong !== undefined) {
    return {
      way: 'reshuffled',
      sentence: `from step ${wrong} on, the data is in a different order than in the control`,
    };
  }
  if (places.includes(0) && here > 0)
    return {
      way: 'restarted',
      sentence: 'the data restarted from the beginning: the first batch is the control’s first',
    };
  const [place] = places.toSorted((a, b) => Math.abs(a - here) - Math.abs(b - here));
  if (place !== undefined && place < here) {
    return {
      way: 'rewound',
      sentence: `the data continues ${examples(here - place)} too early, so ${plural(here - place, 'it is', 'they are')} seen twice${counted}`,
    };
  }
  if (place !== undefined && place > here) {
    return {
      way: 'skipped',
      sentence: `the data continues ${examples(place - here)} too late, so ${plural(place - here, 'it is', 'they are')} never seen${counted}`,
    };
  }
  const order =
    place === undefined
      ? 'the data is in a different order than in the control'
      : 'the position in the data differs from the saved one';
  return { way: 'reshuffled', sentence: `${order}${counted}` };
}

export const DATA_CAUSES: readonly Cause[] = (Object.keys(DATA) as Place['way'][]).map(
  (way): Cause => ({
    id: `data-${way}`,
    means: DATA[way],
    heads: [COUNTERS, 'batches-differ'],
    explains: ['counter:data', 'batches-differ'],
    diagnose(clues) {
      const place = placeOf(clues);
      return place?.way === way ? place.sentence : undefined;
    },
  }),
);

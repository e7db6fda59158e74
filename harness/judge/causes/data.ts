/** The position in the data after the resume. */
import { counterKind } from '../../trace/names.ts';
import { insteadOf, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import {
  areFresh,
  type ChangedCounter,
  type Clues,
  COUNTERS,
  counterNames,
  departs,
  distance,
  ofKind,
} from './clues.ts';
import { type Feed, feedOf } from './feed.ts';

const POSITION =
  'save the epoch, the position and the shuffle seed, and restore them after the loader is built';

/** The ways in which the data can be wrong, and how to fix them. */
const DATA = {
  restarted: {
    means:
      'The data restarted from the beginning: its position was not restored, or the loader began anew after it.',
    fix: POSITION,
  },
  rewound: {
    means:
      'The data continues from an earlier position, so some examples are seen twice: it was not restored, is counted otherwise, or was taken too early.',
    fix: POSITION,
  },
  skipped: {
    means:
      'The data continues from a later position, so some examples are never seen: it is counted otherwise, was taken too late, or the restore moved it.',
    fix: POSITION,
  },
  other: {
    means:
      'The batches hold examples that the control never sees: what they are drawn from, or what is added to them, was not restored.',
    fix: 'save and restore what the examples are drawn from, and what is added to them',
  },
  'drawn-otherwise': {
    means:
      'What the examples are drawn by was not restored, such as an order, priorities, lengths or a buffer: other ones are drawn, although random state is equal.',
    fix: 'save and restore what examples are drawn by: an order or its seed, priorities, an index, the contents of a buffer',
  },
  'position-changed': {
    means: 'The position in the data, or the epoch, is not the saved one.',
    fix: POSITION,
  },
  reshuffled: {
    means:
      'What selects the examples was not restored: an order, a seed, a position, a generator or what they are drawn by.',
    fix: 'save and restore what selects the examples: the epoch, the position, the shuffle seed, a buffer, priorities',
  },
};

interface Place {
  readonly way: keyof typeof DATA | 'resized';
  readonly sentence: string;
}

const examples = (count: number): string => `${count} ${plural(count, 'example', 'examples')}`;

/** Where in the control's examples the resumed run continues. */
function placeOf(clues: Clues): Place | undefined {
  const { resume, initial } = clues;
  const counts = ofKind(clues, 'data');
  if (counts.length === 0 && !clues.has('batches-differ')) return undefined;
  const counted = counts.length > 0 ? `: ${counterNames(counts)}` : '';
  const moved = Object.entries(resume.saved?.counters ?? {}).filter(
    ([name, saved]) => counterKind(name) === 'data' && saved !== initial?.counters[name],
  );
  if (counts.length > 0 && counts.length >= moved.length && areFresh(counts))
    return { way: 'restarted', sentence: `the data restarted from the beginning${counted}` };
  const feed = feedOf(clues);
  if (feed === undefined && counts.length === 0) return undefined;
  // Data that a policy collects follow from what it learned.
  if (counts.length === 0 && feed !== undefined && departsBefore(clues, feed.step)) return undefined;
  if (feed === undefined)
    return { way: 'position-changed', sentence: `${positionText(clues, counts)}${counted}` };
  return (
    shifted(feed, counted) ??
    resized(feed, counted) ??
    elsewhere(feed, counts) ??
    mixed(feed, counted, counts.length === 0 ? equalText(clues) : undefined)
  );
}

/** What the counters tell where no batch differs: the runs read the same, or do not tell what. */
function positionText({ pairs }: Clues, counts: readonly ChangedCounter[]): string {
  const told = pairs.some(({ control, resumed }) =>
    [control, resumed].every(({ claimed }) => claimed.batch.length > 0),
  );
  return `the ${counts.every(isEpoch) ? 'epoch' : 'position in the data'} differs from the saved one${told ? ', though the batches are the control’s' : ''}`;
}

/** What is equal at the resume of all that draws examples, as text; undefined unless generators are observed. */
function equalText({ resume: { saved, resumed }, generators }: Clues): string | undefined {
  if (resumed === undefined || Object.keys(saved?.random ?? {}).length === 0 || generators.length > 0)
    return undefined;
  const isCounted = Object.keys(resumed.counters).some((name) => counterKind(name) === 'data');
  return isCounted ? 'random state and the position in the data are equal' : 'random state is equal';
}

/** The counters are elsewhere, and the control has none of the examples there. */
function elsewhere({ batch, stream, isFirst }: Feed, counts: readonly ChangedCounter[]): Place | undefined {
  const [moved] = counts
    .toSorted((a, b) => Number(isEpoch(b)) - Number(isEpoch(a)))
    .map(distance)
    .filter((by) => by !== 0);
  if (!isFirst || moved === undefined || Number.isNaN(moved)) return undefined;
  if (batch.some((id) => stream.includes(id))) return undefined;
  const [way, where] = moved > 0 ? (['skipped', 'a later'] as const) : (['rewound', 'an earlier'] as const);
  return {
    way,
    sentence: `the data continues from ${where} position, whose examples the control never has: ${counterNames(counts)}`,
  };
}

/** Counts epochs. A position within an epoch begins anew in the next one. */
const isEpoch = ({ name }: ChangedCounter): boolean => /epoch$/i.test(name);

/** Whether the training departs from the control before a step. */
const departsBefore = (clues: Clues, step: number): boolean =>
  clues.pairs.some(
    (pair) => pair.resumed.step < step && departs(clues, pair, ['loss', 'gradientL2', 'updateL2', 'l2']),
  );

/** The data continues elsewhere in the control's examples, at once or after some that are right. */
function shifted(feed: Feed, counted: string): Place | undefined {
  const { stream, here, batch, right, step, isFirst } = feed;
  // A single example can occur anywhere.
  if (right > 0 && batch.length - right < 2) return undefined;
  const rest = batch.slice(right);
  const places = placesOf(rest, stream);
  if (rest.length === 0) return undefined;
  const when = isFirst ? '' : `from step ${step} on, `;
  if (isFirst && right === 0 && places.includes(0) && here > 0)
    return {
      way: 'restarted',
      sentence: 'the data restarted from the beginning: the first batch is the control’s first',
    };
  const due = here + right;
  const [place] = places.toSorted((a, b) => Math.abs(a - due) - Math.abs(b - due));
  if (place === undefined || place === due) return undefined;
  // The first batch of another order can also look like a shift, and so can one of several epochs.
  const continues = feed.mine.slice(right).every((id, n) => (stream[place + n] ?? id) === id);
  if (!continues) return undefined;
  const by = Math.abs(place - due);
  const after = right === 0 ? '' : `after ${examples(right)} that ${plural(right, 'is', 'are')} right, `;
  return place < due
    ? {
        way: 'rewound',
        sentence: `${when}${after}the data continues ${examples(by)} too early, so ${plural(by, 'it is', 'they are')} seen twice${counted}`,
      }
    : {
        way: 'skipped',
        sentence: `${when}${after}the data continues ${examples(by)} too late, so ${plural(by, 'it is', 'they are')} never seen${counted}`,
      };
}

/** Where these examples follow each other in the control. */
const placesOf = (ids: readonly string[], stream: readonly string[]): number[] =>
  stream.flatMap((_, at) => (ids.every((id, n) => stream[at + n] === id) ? [at] : []));

/** The batches have another size. */
function resized(feed: Feed, counted: string): Place | undefined {
  const { batch, theirs, span, mine, stream, here, sizes } = feed;
  if (batch.length === theirs.length) return undefined;
  const same = mine.every((id, at) => stream[here + at] === undefined || stream[here + at] === id);
  const never = mine.every((id) => !stream.includes(id));
  const what = same
    ? ', with the same examples in the same order'
    : never
      ? ', and the control never has their examples'
      : '';
  const again = sizes.mine.every((size, at) => size === sizes.control[at]) && new Set(sizes.mine).size > 1;
  return {
    way: 'resized',
    sentence: `${span}, the batches have another size than in the control (${insteadOf(batch.length, theirs.length)})${what}: what sets the batch size (${never ? 'a curriculum, a ramp' : 'a ramp, a split among ranks'}) is not restored, or not observed${again ? '; the sizes are those of step 1 on' : ''}${counted.replace(/^:/, ';')}`,
  };
}

/** The same examples as the control's up to the end of the segment. */
function isReordered({ mine, due }: Feed): boolean {
  const sorted = (ids: readonly string[]): string => JSON.stringify([...ids].sort());
  return sorted(mine) === sorted(due.flat());
}

/**
 * Batches of the right size, whose examples are mixed otherwise.
 * @param equal what is equal of all that draws examples
 */
function mixed(feed: Feed, counted: string, equal: string | undefined): Place {
  const { batch, theirs, step, isFirst, due, past, later, stream } = feed;
  const when = `${feed.span}, `;
  if (isReordered(feed))
    return {
      way: 'reshuffled',
      sentence: `${when}the data is in a different order than in the control: the same examples up to step ${step + due.length - 1}${counted.replace(/^:/, ';')}`,
    };
  const inBatch = new Set(theirs);
  const here = batch.filter((id) => inBatch.has(id)).length;
  const before = batch.filter((id) => past.has(id) && !inBatch.has(id)).length;
  const after = batch.filter((id) => later.has(id) && !past.has(id) && !inBatch.has(id)).length;
  const never = batch.length - before - here - after;
  const areStrange = feed.mine.every((id) => !stream.includes(id));
  if (never === batch.length)
    return {
      way: 'other',
      sentence: `${when}the batches ${areStrange ? 'hold' : `differ, and that of step ${step} holds`} only examples that the control never has: what they are drawn from (a data set, a split, a lesson, a replay buffer), or what is added to them (noise, an augmentation), was not restored${counted.replace(/^:/, ';')}`,
    };
  const [repeated] = placesOf(batch, feed.stream);
  const differ = feed.batches.filter((own, at) => JSON.stringify(own) !== JSON.stringify(due[at])).length;
  if (!isFirst && repeated !== undefined && batch.length > 1)
    return {
      way: repeated > feed.here ? 'skipped' : 'rewound',
      sentence: `the batches are right up to step ${step - 1}; that of step ${step} has the examples of the control’s step ${feed.steps[repeated]}, ${examples(Math.abs(repeated - feed.here))} ${repeated > feed.here ? 'later' : 'earlier'}, and ${differ} of ${due.length} batches differ from there on: what selects the data then (an offset, a position within an epoch, a sampler) is not what it was${counted.replace(/^:/, ';')}`,
    };
  const others = (count: number, beside: number): string =>
    beside > 0 ? `${count} ${plural(count, 'other', 'others')}` : String(count);
  const places = [
    ...(here > 0 ? [`${here} in that step`] : []),
    ...(before > 0 ? [`${others(before, here)} before it`] : []),
    ...(after > 0 ? [`${others(after, here + before)} after it`] : []),
    ...(never > 0 ? [`${never} never`] : []),
  ];
  const where = `of the ${examples(batch.length)} in step ${step}, the control has ${places.join(', ').replace(/, ([^,]*)$/, ' and $1')}`;
  if (equal !== undefined)
    return {
      way: 'drawn-otherwise',
      sentence: `${when}other examples are drawn, although ${equal}: what they are drawn by (an order, priorities, lengths, an index, a buffer, the data …) is not restored, or not observed; ${where}`,
    };
  return {
    way: 'reshuffled',
    sentence: `${when}the batches are mixed differently: ${where}${counted === '' ? `: what selects them (a position, a seed, a generator, priorities, a buffer …) is not restored, or not observed` : counted.replace(/^:/, ';')}`,
  };
}

const BASE = { heads: [COUNTERS, 'batches-differ'], explains: ['counter:data', 'batches-differ'] };

const ofWay = (way: Place['way']): Cause['diagnose'] => {
  return (clues) => {
    const place = placeOf(clues);
    return place?.way === way ? place.sentence : undefined;
  };
};

export const DATA_CAUSES: readonly Cause[] = [
  {
    id: 'batch-size-differs',
    means:
      'The batches have another size: what sets it, such as a ramp or a split among ranks, is not restored.',
    fix: 'save and restore what sets the batch size, such as the step of a ramp',
    ...BASE,
    diagnose: ofWay('resized'),
  },
  ...(Object.keys(DATA) as (keyof typeof DATA)[]).map(
    (way): Cause => ({
      id: `data-${way}`,
      ...DATA[way],
      ...BASE,
      diagnose: ofWay(way),
    }),
  ),
];

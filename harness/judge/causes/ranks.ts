/** What goes wrong between the ranks of a distributed run: one acts as another, or no longer follows the others. */
import type { StateRecord } from '../../trace/schema.ts';
import { sameValues } from '../columns.ts';
import type { Evidence, Resume } from '../evidence.ts';
import { ranksNamed } from '../ranks.ts';
import { spanText } from '../spans.ts';
import { enumerated, listed, ofAll, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import { type Clues, COUNTERS } from './clues.ts';

/** The other ranks, with what they show of the same resume. */
const others = ({ evidence, resume }: Clues) =>
  evidence.ranks.flatMap((other) => {
    const own = other.resumes.find(({ index }) => index === resume.index);
    return other.rank === evidence.rank || own === undefined ? [] : [{ rank: other.rank, resume: own }];
  });

type Values = ReadonlyMap<string, unknown>;

/** Everything in a state, by kind and name. */
function valuesIn({ tensors, counters, random }: StateRecord): Values {
  return new Map<string, unknown>([
    ...tensors.map(({ kind, name, digest }) => [`${kind} '${name}'`, digest] as const),
    ...Object.entries(counters).map(([name, value]) => [`counter '${name}'`, value] as const),
    ...Object.entries(random).map(([name, value]) => [`random generator '${name}'`, value] as const),
  ]);
}

const apart = (one: Values, other: Values): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((key) => !Object.is(one.get(key), other.get(key)));

/** What of a rank's saved state another rank does not have, if that rank resumed with it; empty if it did not. */
function takenFrom(saved: StateRecord | undefined, { saved: own, resumed }: Resume): string[] {
  if (saved === undefined || own === undefined || resumed === undefined) return [];
  const [theirs, mine, held] = [saved, own, resumed].map(valuesIn) as [Values, Values, Values];
  const what = apart(theirs, mine);
  return what.every((key) => Object.is(held.get(key), theirs.get(key)))
    ? what.filter((key) => theirs.has(key))
    : [];
}

const RESTORED = [
  'parameters-not-restored',
  'slots-not-restored',
  'gradients-not-restored',
  'buffers-not-restored',
  'ema-not-restored',
  COUNTERS,
  'random-not-restored',
];

const SHARD_OF_ANOTHER: Cause = {
  id: 'shard-of-another-rank',
  means: 'A rank was restored from what another rank saved.',
  heads: RESTORED,
  explains: [
    ...RESTORED.filter((rule) => rule !== COUNTERS),
    'counter:data',
    'counter:step',
    'counter:optimizer',
    'counter:other',
    'batches-differ',
    'update-counts-differ',
    'applied-learning-rate-differs',
    'replicas-differ',
  ],
  diagnose(clues) {
    const { resume } = clues;
    const [from] = others(clues)
      .map((other) => ({ ...other, what: takenFrom(other.resume.saved, resume) }))
      .filter(({ what }) => what.length > 0);
    if (from === undefined) return undefined;
    const { rank, what } = from;
    const exchanged = takenFrom(resume.saved, from.resume).length > 0;
    return `this rank was restored from what rank ${rank} saved, ${enumerated(what, 3)} among it${exchanged ? `, and rank ${rank} from what this rank saved` : ''}`;
  },
};

/** The examples that a rank of the control reads, in all of its steps or in some of them. */
const examplesOf = ({ control }: Evidence, steps?: ReadonlySet<number>): ReadonlySet<string> =>
  new Set(control?.steps.flatMap(({ step, claimed }) => (steps?.has(step) === false ? [] : claimed.batch)));

const BATCHES_OF_ANOTHER: Cause = {
  id: 'data-of-another-rank',
  means: 'A rank reads the shard of the data that another rank is to read.',
  heads: ['batches-differ'],
  explains: ['batches-differ', 'counter:data'],
  diagnose(clues) {
    const { evidence, pairs } = clues;
    const wrong = pairs.filter(
      ({ control, resumed }) => !sameValues(control.claimed.batch, resumed.claimed.batch),
    );
    if (wrong.length === 0) return undefined;
    const ids = wrong.flatMap(({ resumed }) => resumed.claimed.batch);
    // Shards can be drawn anew in each epoch. Then only those of the same steps tell the ranks apart.
    const windows = [undefined, new Set(wrong.map(({ control }) => control.step))];
    const isOf = (other: Evidence): boolean =>
      windows.some((steps) => {
        const [own, theirs] = [examplesOf(evidence, steps), examplesOf(other, steps)];
        return ids.length > 0 && ids.every((id) => theirs.has(id) && !own.has(id));
      });
    const other = evidence.ranks.find((one) => one.rank !== evidence.rank && isOf(one));
    if (other === undefined) return undefined;
    const missed = new Set(wrong.flatMap(({ control }) => control.claimed.batch));
    const reader = others(clues).find(({ resume: { steps } }) =>
      steps.some(({ claimed }) => claimed.batch.some((id) => missed.has(id))),
    );
    const lost = reader === undefined ? 'no rank reads its own' : `rank ${reader.rank} reads its own`;
    const span = spanText(
      wrong.map(({ resumed }) => resumed.step),
      pairs.map(({ resumed }) => resumed.step),
    );
    return `${span}, this rank reads the examples of rank ${other.rank}, and ${lost}`;
  },
};

const NOT_RECEIVED: Cause = {
  id: 'update-not-received',
  means: 'A rank keeps parameters that another rank updates: their values do not reach it.',
  heads: ['stalled-parameters', 'silent-no-op', 'replicas-differ', 'parameters-differ', 'updates-differ'],
  explains: [
    'stalled-parameters',
    'silent-no-op',
    'claim-contradicted',
    'updates-differ',
    'parameters-differ',
    'final-parameters-differ',
    'replicas-differ',
  ],
  diagnose(clues) {
    const { moves, evidence } = clues;
    const still = [...moves.control].filter((name) => !moves.resumed.has(name));
    // What no optimizer of this rank writes in the control can only come from another rank.
    const written = new Set(
      clues.pairs.flatMap(({ control }) => control.names.filter((_, at) => control.updates[at]! > 0)),
    );
    const sent = others(clues).filter(({ resume }) =>
      still.some((name) =>
        resume.steps.some(({ names, updates, changed }) => {
          const at = names.indexOf(name);
          return updates[at]! > 0 && changed[at] === true;
        }),
      ),
    );
    if (still.length === 0 || sent.length === 0 || still.some((name) => written.has(name))) return undefined;
    const total = evidence.control?.steps[0]?.names.length ?? still.length;
    return `${ofAll(still.length, total, 'parameter')} (${listed(still)}) ${plural(still.length, 'keeps its value', 'keep their values')} on this rank, although ${ranksNamed(sent.map(({ rank }) => rank))} ${plural(still.length, 'updates it', 'updates them')}: the broadcast after the update does not reach it`;
  },
};

export const RANK_CAUSES: readonly Cause[] = [SHARD_OF_ANOTHER, BATCHES_OF_ANOTHER, NOT_RECEIVED];

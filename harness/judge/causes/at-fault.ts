/**
 * Whether the save or the load lost something, as the contents of the checkpoint show. The load is everything from there to
 * the first step. The names in a checkpoint are the trainer's own, so values are found by their bytes, and by name where
 * bytes do not tell.
 */
import type { CheckpointRecord, StateRecord, TensorRecord } from '../../trace/schema.ts';
import type { Difference } from '../compare.ts';
import type { Resume } from '../evidence.ts';
import { tensorsOf } from '../evidence.ts';
import type { Cause } from './cause.ts';
import type { ChangedValue, Clues } from './clues.ts';

type Kind = TensorRecord['kind'];
type Held = CheckpointRecord['tensors'][number];
/** Undefined if the evidence does not tell. */
export type Side = 'save' | 'load' | undefined;

const KINDS = new Map<string, Kind>([
  ['parameters-not-restored', 'parameter'],
  ['slots-not-restored', 'slot'],
  ['ema-not-restored', 'ema'],
  ['buffers-not-restored', 'buffer'],
  ['gradients-not-restored', 'gradient'],
]);
const RANDOM = 'random-not-restored';
const COUNTERS = 'counters-not-restored';
const LOSSES = [...KINDS.keys(), RANDOM, COUNTERS];

/** Who is at fault for what a cause explains, as the end of a sentence; empty if it explains no loss. */
export function whoIsAtFault(clues: Clues, { heads, explains }: Cause): string {
  if (!heads.some((rule) => LOSSES.includes(rule) && clues.has(rule))) return '';
  const units = new Set(explains);
  const sides = [
    ...[...KINDS].flatMap(([rule, kind]) => (units.has(rule) ? sidesOf(clues, kind) : [])),
    ...clues.counters
      .filter(({ kind }) => units.has(`counter:${kind}`))
      .map((counter) => ofCounter(clues.resume, counter)),
    ...(units.has(RANDOM) ? clues.generators.map((one) => ofGenerator(clues.resume, one)) : []),
  ];
  return sides.length === 0 ? '' : textOf(sides);
}

function textOf(sides: readonly Side[]): string {
  const [loads, saves] = (['load', 'save'] as const).map(
    (side) => sides.filter((one) => one === side).length,
  );
  const of = (count: number): string =>
    count === sides.length ? '' : ` of at least ${count} of the ${sides.length} that were lost`;
  if (loads! > 0 && saves! > 0)
    return `; the checkpoint holds the right values${of(loads!)}, but not those of at least ${saves} more: the load and the save are at fault`;
  if (loads! > 0) return `; the checkpoint holds the right values${of(loads!)}, so the load is at fault`;
  if (saves! > 0)
    return `; the checkpoint does not hold the right values${of(saves!)}, so the save is at fault`;
  return '; either the save or the load is at fault';
}

/** The side that lost all of the tensors of a kind, as far as the checkpoint tells of them. */
export function sideThatLost(clues: Clues, kind: Kind): Side {
  const known = new Set(sidesOf(clues, kind).filter((side) => side !== undefined));
  return known.size === 1 ? [...known][0] : undefined;
}

function sidesOf(clues: Clues, kind: Kind): Side[] {
  const { resume } = clues;
  if (resume.checkpoint === undefined) return clues.changed(kind).of.map(() => undefined);
  const book = bookOf(resume, resume.checkpoint, clues.initial, kind);
  const found = clues.changed(kind).of.map((difference) => ({
    storage: difference.saved?.storage,
    side: ofTensor(book, difference),
  }));
  // A load writes tied tensors to one place, so what is wrong under one name comes back under all.
  const wrong = new Set(found.flatMap(({ storage, side }) => (side === 'save' ? [storage] : [])));
  return found.map(({ storage, side }) => (storage !== undefined && wrong.has(storage) ? 'save' : side));
}

/** Other tensors have its values too, or none can be told from them. */
const isTrivial = ({ l2, shape }: TensorRecord): boolean => l2 === 0 || sizeOf(shape) <= 1;
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

interface Book {
  /** The tensors of the checkpoint that can be this one, by name. */
  readonly named: (name: string) => readonly Held[];
  /** Where the values of a tensor are. */
  readonly holding: (tensor: TensorRecord | undefined) => readonly Held[];
  /** What is not found is not there. */
  readonly isKnown: boolean;
  /** Whether the tensor is too large to be where nobody looked. */
  readonly cannotHide: (tensor: TensorRecord) => boolean;
  readonly written: ReadonlyMap<string, TensorRecord>;
}

function bookOf(
  { written, resumed }: Resume,
  { tensors, room }: CheckpointRecord,
  initial: StateRecord | undefined,
  kind: Kind,
): Book {
  const [byDigest, byEnd] = [new Map<string, Held[]>(), new Map<string, Held[]>()];
  for (const held of tensors) {
    for (const digest of new Set([held.digest, held.widened ?? held.digest])) add(byDigest, digest, held);
    for (const end of endsOf(held.name)) add(byEnd, end, held);
  }
  const named = (name: string): readonly Held[] =>
    (byEnd.get(name) ?? []).filter((held) => isOf(kind, held.name.slice(0, held.name.length - name.length)));
  const holding = (tensor: TensorRecord | undefined): readonly Held[] => {
    const all = byDigest.get(tensor?.digest ?? '') ?? [];
    if (tensor === undefined || !isTrivial(tensor)) return all;
    const own = new Set(named(tensor.name));
    return all.filter((held) => own.has(held));
  };
  const at = {
    start: tensorsOf(initial, kind),
    save: tensorsOf(written, kind),
    resume: tensorsOf(resumed, kind),
  };
  // What came back and is not there as it is was converted, or lies where nobody looked. So may others.
  const converts = [...at.save.values()].some(
    (tensor) =>
      tensor.digest === at.resume.get(tensor.name)?.digest &&
      tensor.digest !== at.start.get(tensor.name)?.digest &&
      !isTrivial(tensor) &&
      holding(tensor).length === 0,
  );
  // Digests of another sort would find nothing.
  const finds = [...(written?.tensors ?? []), ...(resumed?.tensors ?? [])].some(
    (tensor) => !isTrivial(tensor) && byDigest.has(tensor.digest),
  );
  return {
    named,
    holding,
    isKnown: finds && !converts,
    cannotHide: (tensor) => sizeOf(tensor.shape) > room && !isTrivial(tensor),
    written: at.save,
  };
}

function add(map: Map<string, Held[]>, key: string, held: Held): void {
  const own = map.get(key);
  if (own === undefined) map.set(key, [held]);
  else own.push(held);
}

/** `model/dense.bias` ends with itself, `dense.bias` and `bias`. */
const endsOf = (name: string): string[] => [
  name,
  ...[...name.matchAll(/[/.:]/g)].map(({ index }) => name.slice(index + 1)),
];

/** Whether what is before a name allows this kind. */
function isOf(kind: Kind, prefix: string): boolean {
  if (/ema|averag|shadow/i.test(prefix)) return kind === 'ema';
  if (/grad|accum/i.test(prefix)) return kind === 'gradient';
  if (/optim|slot/i.test(prefix)) return kind === 'slot';
  return kind === 'parameter' || kind === 'buffer' || kind === 'slot';
}

function ofTensor(book: Book, { name, saved, resumed }: Difference): Side {
  const { named, holding, isKnown, cannotHide, written } = book;
  // A declared deviation expects what was not saved.
  if (written.get(name)?.digest !== saved?.digest) return undefined;
  const own = named(name);
  const [right, wrong] = [holding(saved), holding(resumed)];
  if (saved === undefined) {
    if (wrong.length > 0) return 'save';
    return isKnown && resumed !== undefined && cannotHide(resumed) ? 'load' : undefined;
  }
  const isRight = own.some((held) => right.includes(held));
  const isWrong = own.some((held) => wrong.includes(held));
  if (right.length > 0 && wrong.length > 0) {
    if (isRight === isWrong) return undefined;
    return isRight ? 'load' : 'save';
  }
  if (right.length > 0) return isRight || own.length === 0 ? 'load' : undefined;
  if (isWrong) return 'save';
  if (!isKnown) return undefined;
  if (own.length === 0) return cannotHide(saved) ? 'save' : undefined;
  return own.some(({ unordered }) => unordered !== undefined && unordered === saved.unordered)
    ? undefined
    : 'save';
}

/** `lastEpochs` of `last`, `epoch`: the words of a name, without plurals. */
const wordsIn = (part: string): string[] =>
  part.split(/(?<=[a-z\d])(?=[A-Z])|[_\s-]+/).map((word) => word.toLowerCase().replace(/s$/, ''));
const wordsOf = (name: string): string => `${name.split(/[/.]/).flatMap(wordsIn).join(' ')}`;

/**
 * The only value of the checkpoint whose path is the name, or ends with it where a part of the path begins:
 * `state/schedules/all/lastEpoch` for `schedule.all.lastEpoch`. The shortest path, if there are several.
 */
function namedLike<Own>(values: Readonly<Record<string, Own>>, name: string): Own | undefined {
  const wanted = wordsOf(name);
  const found = Object.entries(values).flatMap(([path, value]) => {
    const parts = path.split(/[/.]/);
    const before = parts.findIndex((_, at) => wordsOf(parts.slice(at).join('/')) === wanted);
    return before < 0 ? [] : [{ value, before }];
  });
  const least = Math.min(...found.map(({ before }) => before));
  const nearest = found.filter(({ before }) => before === least);
  return nearest.length === 1 ? nearest[0]!.value : undefined;
}

function ofCounter({ checkpoint, written }: Resume, { name, saved, resumed }: ChangedValue): Side {
  if (checkpoint === undefined || !Object.is(written?.counters[name], saved)) return undefined;
  const value = namedLike(checkpoint.counters, name);
  if (value === undefined) return undefined;
  if (Object.is(value, saved)) return 'load';
  return Object.is(value, resumed) ? 'save' : undefined;
}

function ofGenerator({ checkpoint, written }: Resume, { name, saved, resumed }: ChangedValue): Side {
  if (checkpoint === undefined || saved === undefined || written?.random[name] !== saved) return undefined;
  const own = namedLike(checkpoint.random, name);
  if (own !== undefined) {
    if (own === saved) return 'load';
    return own === resumed ? 'save' : undefined;
  }
  const all = Object.values(checkpoint.random);
  return all.includes(String(saved)) && !all.includes(String(resumed)) ? 'load' : undefined;
}

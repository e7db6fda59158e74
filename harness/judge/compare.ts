/** Compares the two states of a resume, by tensors and by entries. */
import type { StateRecord, TensorRecord } from '../trace/schema.ts';
import { type Evidence, type Resume, tensorsOf } from './evidence.ts';
import { enumerated, figure, type Value, valuesApart } from './words.ts';

/** The state that the run started with. */
export const initialState = ({ control }: Evidence): StateRecord | undefined =>
  control?.states.find(({ at }) => at === 'start');

/** Whether a resumed tensor has the bytes that it had when the run started. */
export function isAsIn(
  initial: StateRecord | undefined,
  kind: TensorRecord['kind'],
): (difference: Difference) => boolean {
  const tensors = tensorsOf(initial, kind);
  return ({ name, resumed }) => resumed !== undefined && resumed.digest === tensors.get(name)?.digest;
}

export interface Difference {
  readonly name: string;
  readonly saved: TensorRecord | undefined;
  readonly resumed: TensorRecord | undefined;
}

/** Tensors of a kind that are missing on one side or differ in shape, type or bytes. */
export function differences(
  { saved, resumed }: Resume,
  kind: TensorRecord['kind'],
): { of: Difference[]; total: number } {
  const before = tensorsOf(saved, kind);
  const after = tensorsOf(resumed, kind);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const of = names
    .map((name) => ({ name, saved: before.get(name), resumed: after.get(name) }))
    .filter(
      ({ saved, resumed }) =>
        saved?.digest !== resumed?.digest ||
        saved?.dtype !== resumed?.dtype ||
        String(saved?.shape) !== String(resumed?.shape),
    );
  return { of, total: names.length };
}

/** Sums of the same squares in another order differ by no more. */
const ORDER_ROUNDING = 2 ** -40;
const haveSameNorm = ({ saved, resumed }: Difference): boolean =>
  saved !== undefined &&
  resumed !== undefined &&
  Math.abs(saved.l2 - resumed.l2) <= ORDER_ROUNDING * saved.l2;

/** The tensor has the saved values in another order, as a digest shows that does not depend on it. */
export const isReordered = (difference: Difference): boolean => {
  const { saved, resumed } = difference;
  const known = saved?.unordered !== undefined && saved.unordered === resumed?.unordered;
  return known && haveSameNorm(difference) && saved.digest !== resumed.digest;
};

/** What equal norms and different values allow, as text; empty if the norms differ or a digest tells the order. */
export function orderText(difference: Difference): string {
  const { saved, resumed } = difference;
  const told = saved?.unordered !== undefined && resumed?.unordered !== undefined;
  return haveSameNorm(difference) && saved?.l2 !== 0 && !told
    ? ', so the values may be the saved ones in another order or with other signs'
    : '';
}

/** Describes how tensors differ: missing, extra, zero, or changed. */
export function manner(found: readonly Difference[]): string {
  if (found.every(({ resumed }) => resumed === undefined)) return 'missing';
  if (found.every(({ saved }) => saved === undefined)) return 'present, though none was saved';
  if (found.every(({ saved, resumed }) => resumed?.l2 === 0 && saved?.l2 !== 0)) return 'zero';
  return 'not what was saved';
}

export interface Entry {
  readonly name: string;
  /** Undefined if it is missing. */
  readonly saved: Value;
  readonly resumed: Value;
}

/** Numbers that differ only in their last digits. */
export function nearlySame({ saved, resumed }: Entry): boolean {
  const [one, other] = [Number(saved), Number(resumed)];
  const fractions = [one, other].every((value) => Number.isFinite(value) && !Number.isInteger(value));
  return fractions && figure(one) === figure(other);
}

export function entriesThatDiffer(
  saved: Readonly<Record<string, Value>>,
  resumed: Readonly<Record<string, Value>>,
): { of: Entry[]; total: number } {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(resumed)])];
  const own = (record: Readonly<Record<string, Value>>, name: string): Value =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  const of = names
    .filter((name) => !Object.is(saved[name], resumed[name]))
    .map((name) => ({ name, saved: own(saved, name), resumed: own(resumed, name) }));
  return { of, total: names.length };
}

/** Lists the values of the entries on each side, with enough digits to show the difference. */
export function entriesApart(entries: readonly Entry[]): {
  readonly saved: string;
  readonly resumed: string;
} {
  const pairs = entries.map(({ name, saved, resumed }) => [name, valuesApart(resumed, saved)] as const);
  const side = (which: 0 | 1): string => enumerated(pairs.map(([name, both]) => `${name} ${both[which]}`));
  return { saved: side(1), resumed: side(0) };
}

/** Shortens the digest of a generator state or of pixels. */
export const digest = (value: Value): string =>
  typeof value === 'string' ? `${value.slice(0, 12)}…` : 'none';

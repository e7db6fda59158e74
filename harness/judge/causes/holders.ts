/** Tensors that hold the saved values of other tensors: exchanged, or copied while the others keep their own. */
import type { StateRecord, TensorRecord } from '../../trace/schema.ts';
import type { Difference } from '../compare.ts';
import { enumerated, listed, ofAll, plural } from '../words.ts';

interface Holder {
  readonly name: string;
  /** The tensor whose saved values it holds. */
  readonly of: TensorRecord;
}

export interface Holders {
  readonly holders: readonly Holder[];
  /** Each of them holds the values of another one of them. */
  readonly exchanged: boolean;
}

/** How to fix such a mix-up. */
export const BY_NAME = 'write and read each tensor under its full name, and let the load refuse any other';

const NOUNS: Readonly<Record<TensorRecord['kind'], string>> = {
  parameter: 'parameters',
  slot: 'optimizer slots',
  ema: 'EMAs',
  buffer: 'buffers',
  gradient: 'gradients',
};

/** Undefined unless every tensor that differs holds the saved values of another. */
export function holdersAmong(
  kind: TensorRecord['kind'],
  of: readonly Difference[],
  saved: StateRecord | undefined,
): Holders | undefined {
  // A tensor of the same kind is the more likely source.
  const sources = (saved?.tensors ?? []).toSorted(
    (one, other) => Number(other.kind === kind) - Number(one.kind === kind),
  );
  const byDigest = new Map<string, TensorRecord>();
  for (const source of sources) if (!byDigest.has(source.digest)) byDigest.set(source.digest, source);
  const holders = of.flatMap(({ name, resumed }): Holder[] => {
    const source = byDigest.get(resumed?.digest ?? '');
    return source === undefined ? [] : [{ name, of: source }];
  });
  // Tensors of zeros are all equal, and may be newly created.
  if (holders.length < of.length || !of.some(({ resumed }) => resumed !== undefined && resumed.l2 !== 0))
    return undefined;
  const digests = (side: 'saved' | 'resumed'): string => String(of.map((one) => one[side]?.digest).sort());
  return {
    holders: holders.toSorted((one, other) => Number(one.of.l2 === 0) - Number(other.of.l2 === 0)),
    exchanged: of.length > 1 && digests('saved') === digests('resumed'),
  };
}

/** `2 of 4 parameters hold the values of others, which keep their own: 'c' has those of 'a', 'd' has those of 'b'`. */
export function copiesText({ holders }: Holders, kind: TensorRecord['kind'], total: number): string {
  const [first] = holders as [Holder];
  const kinds = new Set(holders.map(({ of }) => of.kind));
  const count = holders.length;
  const pairs = holders.map(({ name, of }) => `${listed([name])} has those of ${listed([of.name])}`);
  const whose =
    kinds.size === 1 && !kinds.has(kind)
      ? NOUNS[first.of.kind]
      : plural(count, 'another, which keeps its own', 'others, which keep their own');
  return `${ofAll(count, total, NOUNS[kind].slice(0, -1), NOUNS[kind])} ${plural(count, 'holds', 'hold')} the values of ${whose}: ${enumerated(pairs, 2)}`;
}

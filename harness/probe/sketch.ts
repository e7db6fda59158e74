/** A tensor in a few numbers: its length, and shadows of it that tell its direction. */

/** L2 norm and sketch of some values. */
export interface Summary {
  readonly l2: number;
  readonly sketch: number[];
}

/**
 * Four sums of all values, each with signs of its own. To a difference of length ε that does not know the
 * signs, each answers with a normal deviate of standard deviation ε, whatever the difference's direction
 * (Achlioptas, 'Database-friendly random projections', JCSS 66(4), 2003). The signs of value i are the four
 * topmost bits of MurmurHash3's 32-bit finalizer of i + 1: 0 is +, 1 is −.
 */
export function summarize(values: ArrayLike<number>): Summary {
  let [squares, a, b, c, d] = [0, 0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    squares += value * value;
    let hash = i + 1;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
    a += hash < 0 ? -value : value;
    b += hash & 0x40000000 ? -value : value;
    c += hash & 0x20000000 ? -value : value;
    d += hash & 0x10000000 ? -value : value;
  }
  return { l2: Math.sqrt(squares), sketch: [a, b, c, d] };
}

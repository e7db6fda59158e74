/** Summarises a tensor in a few numbers: its norm, and random projections that capture its direction. */

/** L2 norm and sketch of some values. */
export interface Summary {
  readonly l2: number;
  readonly sketch: number[];
}

/** Signs are tabulated for this many values. Each later block of as many uses the same signs, or all of them flipped. */
const BLOCK = 1024;
const SIGNS = [0, 1, 2, 3].map((sum) => Float64Array.from({ length: BLOCK }, (_, at) => sign(sum, at)));

/** ±1 from bit 31 − `sum` of MurmurHash3's 32-bit finalizer of `at` + 1. A set bit means −1. */
function sign(sum: number, at: number): number {
  let hash = at + 1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash << sum) >> 31 || 1;
}

/**
 * Four sums of all values, each with its own random signs. A difference of norm ε that is independent of the signs
 * changes each sum by a normal deviate of standard deviation ε, for any direction (Achlioptas, 'Database-friendly random
 * projections', JCSS 66(4), 2003). The sign of value i is sign(i mod 1024) × sign(1024 + ⌊i / 1024⌋).
 */
export function summarize(values: ArrayLike<number>): Summary {
  const [signsA, signsB, signsC, signsD] = SIGNS as [Float64Array, Float64Array, Float64Array, Float64Array];
  const sketch = [0, 0, 0, 0];
  let squares = 0;
  for (let start = 0; start < values.length; start += BLOCK) {
    const length = Math.min(BLOCK, values.length - start);
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let at = 0; at < length; at++) {
      const value = values[start + at]!;
      squares += value * value;
      a += value * signsA[at]!;
      b += value * signsB[at]!;
      c += value * signsC[at]!;
      d += value * signsD[at]!;
    }
    [a, b, c, d].forEach((part, sum) => {
      sketch[sum]! += part * sign(sum, BLOCK + start / BLOCK);
    });
  }
  return { l2: Math.sqrt(squares), sketch };
}

/** The most significand bits that any value needs: 24 for full float32, 11 for half precision, 8 for bfloat16. */
export function significantBits(values: Float32Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let used = 0;
  // A zero sets no bit. The leading one is not stored, and is added below.
  for (let at = 0; at < words.length; at++) used |= words[at]! & 0x7fffff;
  const trailing = used === 0 ? 23 : 31 - Math.clz32(used & -used);
  return words.some((word) => word << 1 !== 0) ? 24 - trailing : 0;
}

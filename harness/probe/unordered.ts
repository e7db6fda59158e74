/** A digest of values that does not depend on their order: it shows that a tensor holds the same values in other places. */

/** So that a zero does not mix to zero, and zeros count. */
const SEED = -0x61c88647;

type Words = Float32Array | Int32Array | Uint8Array;

/**
 * The sums of a mix of each value's bits and of its square, modulo 2³², as 16 hexadecimal digits. The mix is
 * MurmurHash3's 32-bit finalizer (Appleby, 2011): each bit of a value changes about half of its bits. Sums commute, so the
 * order of the values does not matter. Unlike an exclusive or, a sum also counts equal values.
 */
export function unorderedDigest(values: Words): string {
  const words =
    values instanceof Uint8Array
      ? Int32Array.from(values)
      : new Int32Array(values.buffer, values.byteOffset, values.length);
  let high = 0;
  let low = 0;
  for (let at = 0; at < words.length; at++) {
    let mixed = (words[at]! + SEED) | 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    high = (high + mixed) | 0;
    low = (low + Math.imul(mixed, mixed)) | 0;
  }
  return [high, low].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('');
}

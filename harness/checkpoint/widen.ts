/** Values of half precision and bfloat16 as float32. */
import type { Dtype } from './header.ts';

/** The little-endian bytes of the same values as float32; undefined for types that are not narrower floats. */
export function widened(dtype: Dtype, bytes: Uint8Array): Uint8Array | undefined {
  if (dtype !== 'BF16' && dtype !== 'F16') return undefined;
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = new DataView(new ArrayBuffer(bytes.byteLength * 2));
  for (let at = 0; at < bytes.byteLength; at += 2) {
    const half = halves.getUint16(at, true);
    // bfloat16 is the upper half of a float32.
    if (dtype === 'BF16') wide.setUint32(at * 2, half * 2 ** 16, true);
    else wide.setFloat32(at * 2, numberOf(half), true);
  }
  return new Uint8Array(wide.buffer);
}

/** Of IEEE 754 half precision: a sign, 5 bits of exponent and 10 of fraction. */
function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = (half & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

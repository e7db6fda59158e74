/** The sign of a zero. It is lost in text formats such as JSON, and no sum or product of other values depends on it. */

const MINUS_ZERO = 0x80000000 | 0;

/**
 * The values with 0 in the place of each −0, so that equal values have equal bytes. A copy, if there are any.
 * @example
 * ```ts
 * withoutMinusZero(Float32Array.of(-0, 1)); // 0, 1
 * ```
 */
export function withoutMinusZero<Values extends ArrayBufferView>(values: Values): Values {
  if (!(values instanceof Float32Array)) return values;
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  return words.includes(MINUS_ZERO) ? (values.map((value) => value + 0) as unknown as Values) : values;
}

/** Rounds float32 to bfloat16 but keeps it as float32, as after a load from a half-size checkpoint. */
import type { TensorMap } from '../checkpoint/safetensors.ts';

/** To nearest, ties to even; NaN and infinities stay what they are. */
export function toBfloat16(values: Float32Array): Float32Array {
  const rounded = Float32Array.from(values);
  const words = new Uint32Array(rounded.buffer);
  words.forEach((word, at) => {
    if (!Number.isFinite(rounded[at]!)) return;
    words[at] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  });
  return rounded;
}

export const bfloat16 = (tensors: TensorMap): TensorMap =>
  new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      { ...tensor, bytes: new Uint8Array(toBfloat16(new Float32Array(tensor.bytes.slice().buffer)).buffer) },
    ]),
  );

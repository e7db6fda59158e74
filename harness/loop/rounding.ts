/** Rounds float32 values to bfloat16 precision, like a checkpoint that stores bfloat16. They stay float32. */
import type { TensorMap } from '../checkpoint/safetensors.ts';

/** Rounds to nearest, ties to even. NaN and infinities do not change. */
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

/** Converts between live tensors and the bytes of a checkpoint. */
import * as tf from '@tensorflow/tfjs-core';
import type { TensorData, TensorMap } from '../checkpoint/safetensors.ts';

/**
 * Copies live tensors into bytes for a checkpoint. It reads all tensors concurrently.
 * @param tensors float32 or int32 tensors with their names
 * @throws `TypeError` for a tensor of another dtype
 * @example
 * ```ts
 * import { toTensorMap, writeSafetensors } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([4, 2]));
 * await writeSafetensors('model.safetensors', await toTensorMap([['dense.weight', weight]]));
 * ```
 */
export async function toTensorMap(tensors: Iterable<readonly [string, tf.Tensor]>): Promise<TensorMap> {
  const entries = await Promise.all(
    [...tensors].map(async ([name, tensor]): Promise<[string, TensorData]> => {
      const dtype = tensor.dtype === 'float32' ? 'F32' : tensor.dtype === 'int32' ? 'I32' : undefined;
      if (dtype === undefined) {
        throw new TypeError(
          `cannot save tensor '${name}': expected float32 or int32, received ${tensor.dtype}; cast it first`,
        );
      }
      // Copy the array. On some backends it is a view of memory that the next step overwrites.
      const values = (await tensor.data<'float32' | 'int32'>()).slice();
      return [
        name,
        {
          dtype,
          shape: [...tensor.shape],
          bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        },
      ];
    }),
  );
  return new Map(entries);
}

/**
 * Creates a live tensor from a copy of a checkpoint's bytes.
 * @throws `TypeError` for a dtype other than F32 and I32
 * @example
 * ```ts
 * import { readSafetensors, toTensor } from 'resumeproof';
 *
 * const { tensors } = await readSafetensors('model.safetensors');
 * toTensor(tensors.get('dense.weight')!).print();
 * ```
 */
export function toTensor({ dtype, shape, bytes }: TensorData): tf.Tensor {
  if (dtype !== 'F32' && dtype !== 'I32') {
    throw new TypeError(`cannot load a tensor of dtype ${dtype}: expected F32 or I32`);
  }
  const copy = bytes.slice().buffer;
  return dtype === 'F32'
    ? tf.tensor(new Float32Array(copy), [...shape], 'float32')
    : tf.tensor(new Int32Array(copy), [...shape], 'int32');
}

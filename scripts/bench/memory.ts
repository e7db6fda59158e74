/**
 * Counts the bytes of tensors in wasm's memory. `tf.memory()` and `tf.profile()` count shared values once per
 * tensor, and a step reads every weight through a tensor that shares its values.
 */
import * as tf from '@tensorflow/tfjs-core';

interface Data {
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

interface Storage {
  get(id: object): Data;
  set(id: object, data: Data): void;
  delete(id: object): boolean;
}

/** Peak number of bytes that `work` held beyond those before it; wasm only. */
export async function peakBytes(work: () => Promise<unknown>): Promise<number> {
  const { dataIdMap: storage } = tf.backend() as unknown as { dataIdMap: Storage };
  const { set, delete: remove } = storage;
  let [held, most] = [0, 0];
  storage.set = (id, data) => {
    held += bytesOf(data);
    most = Math.max(most, held);
    set.call(storage, id, data);
  };
  storage.delete = (id) => {
    held -= bytesOf(storage.get(id));
    return remove.call(storage, id);
  };
  try {
    await work();
    return most;
  } finally {
    Object.assign(storage, { set, delete: remove });
  }
}

const bytesOf = ({ shape, dtype }: Data): number =>
  tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype);

/**
 * Bytes of tensors in wasm's memory. `tf.memory()` and `tf.profile()` count tensors that share their values
 * once each, and a step reads every weight through such a tensor.
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

/** The most bytes that `work` held at a time beyond what was there before it; on wasm only. */
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

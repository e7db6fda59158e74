/** Measurements of live tensors on any backend. */
import type * as tf from '@tensorflow/tfjs-core';

/** What one step did to one parameter. */
export interface Change {
  readonly l2: number;
  readonly updateL2: number;
  readonly changed: boolean;
}

/** Numbers that are available once {@link Measurements.collect} has resolved. */
type Pending<T> = () => T;

export interface Measurements {
  /** `before` and `now` have the same shape. */
  change(now: tf.Tensor, before: tf.Tensor): Pending<Change>;
  /** L2 norm. */
  l2(tensor: tf.Tensor): Pending<number>;
  /** Waits for everything requested since the last call. */
  collect(): Promise<void>;
}

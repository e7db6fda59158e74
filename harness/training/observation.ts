/**
 * Where the training parts tell what they really do, for the probe to record: at the place where it happens,
 * not where it is logged. With no observer the calls cost nothing.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

export interface TrainingObserver {
  /** A gradient has been accumulated into `variable`. The tensor is valid during the call only. */
  gradient(variable: Variable, gradient: Tensor): void;
  /** One post-accumulate hook of `variable` is about to be called. */
  hook(variable: Variable): void;
  /** An optimizer wrote `variable` with this learning rate and, if known, this gradient, valid during the call only. */
  update(variable: Variable, learningRate: number, gradient?: Tensor): void;
}

let current: TrainingObserver | undefined;

/** Sets the one observer of this process; `undefined` takes it away. */
export function observeTraining(observer: TrainingObserver | undefined): void {
  current = observer;
}

export function trainingObserver(): TrainingObserver | undefined {
  return current;
}

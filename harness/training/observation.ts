/**
 * The training parts report here what they do, where it happens and not where it is logged, so that the probe can record
 * it. Without an observer the calls cost nothing.
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

/** Sets the only observer of this process; `undefined` removes it. */
export function observeTraining(observer: TrainingObserver | undefined): void {
  current = observer;
}

export function trainingObserver(): TrainingObserver | undefined {
  return current;
}

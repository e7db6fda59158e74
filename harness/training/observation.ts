/**
 * Training code reports gradients, hook calls and updates here, so that the probe records what really happens and not
 * what the trainer logs. Without an observer, the reports cost nothing.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

export interface TrainingObserver {
  /** A gradient was accumulated into `variable`. The tensor is valid only during the call. */
  gradient(variable: Variable, gradient: Tensor): void;
  /** One post-accumulate hook of `variable` is about to be called. */
  hook(variable: Variable): void;
  /** An optimizer updated `variable`. The gradient is absent if unknown, and valid only during the call. */
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

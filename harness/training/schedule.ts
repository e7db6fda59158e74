/** Learning rate schedules, like PyTorch's `LambdaLR`. */
import type { Optimizer } from './optimizer.ts';

/** The state of a {@link Schedule} that a checkpoint saves. */
export interface ScheduleState {
  /** The number of steps so far. */
  readonly lastEpoch: number;
  /** The base learning rate of each group. */
  readonly baseLearningRates: number[];
}

/**
 * Returns the factor of a schedule: it rises linearly from 0 to 1 over `warmupSteps`, falls as half a cosine to 0 at
 * `totalSteps`, and stays 0. transformers' `get_cosine_schedule_with_warmup` and optax's `warmup_cosine_decay_schedule`
 * use the same factor.
 * @example
 * ```ts
 * import { warmupCosine } from 'resumeproof';
 *
 * const factor = warmupCosine(10, 110);
 * console.log(factor(0), factor(10), factor(60), factor(110)); // 0, 1, about 0.5, 0
 * ```
 */
export function warmupCosine(warmupSteps: number, totalSteps: number): (epoch: number) => number {
  return (epoch) => {
    if (epoch < warmupSteps) return epoch / warmupSteps;
    const progress = Math.min(1, (epoch - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
    return 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

/**
 * Sets an optimizer's learning rates to base learning rate × factor(step), like PyTorch's `LambdaLR`. At each step, it
 * writes to the groups that the optimizer has at that time.
 * @example
 * ```ts
 * import { Optimizer, Schedule, sgd, warmupCosine } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const parameters = [{ name: 'weight', variable: tf.variable(tf.ones([3])) }];
 * const group = { name: 'all', parameters, learningRate: 0.1, weightDecay: 0 };
 * const schedule = new Schedule(new Optimizer([group], sgd()), warmupCosine(10, 100));
 * schedule.step(); // after each update
 * console.log(schedule.learningRates()); // { all: 0.01 }
 * ```
 */
export class Schedule {
  readonly #optimizer: Optimizer;
  #factor: (epoch: number) => number;
  #baseLearningRates: number[];
  #lastEpoch = 0;

  /** Uses the groups' current learning rates as base learning rates, and sets the learning rates of step 0. */
  constructor(optimizer: Optimizer, factor: (epoch: number) => number) {
    this.#optimizer = optimizer;
    this.#factor = factor;
    this.#baseLearningRates = optimizer.groups.map((group) => group.learningRate);
    this.#apply();
  }

  /** Sets the learning rates of the next step. Call it after each update. */
  step(): void {
    this.#lastEpoch += 1;
    this.#apply();
  }

  /** Follows another factor from now on, and sets the learning rates. The base learning rates stay as they are. */
  follow(factor: (epoch: number) => number): void {
    this.#factor = factor;
    this.#apply();
  }

  /** The current learning rates, by group. */
  learningRates(): Record<string, number> {
    return Object.fromEntries(this.#optimizer.groups.map((group) => [group.name, group.learningRate]));
  }

  /** The state that a checkpoint saves. */
  state(): ScheduleState {
    return { lastEpoch: this.#lastEpoch, baseLearningRates: [...this.#baseLearningRates] };
  }

  /**
   * Restores a state and sets the learning rates.
   * @throws `RangeError` when the state has a different number of groups
   */
  restore(state: ScheduleState): void {
    if (state.baseLearningRates.length !== this.#baseLearningRates.length) {
      throw new RangeError(
        `expected ${this.#baseLearningRates.length} base learning rates for the schedule, received ${state.baseLearningRates.length}: restore the state of a schedule with the same groups`,
      );
    }
    this.#lastEpoch = state.lastEpoch;
    this.#baseLearningRates = [...state.baseLearningRates];
    this.#apply();
  }

  #apply(): void {
    const factor = this.#factor(this.#lastEpoch);
    this.#optimizer.groups.forEach((group, index) => {
      group.learningRate = this.#baseLearningRates[index]! * factor;
    });
  }
}

/** Learning-rate schedules in the shape of PyTorch's `LambdaLR`. */
import type { Optimizer } from './optimizer.ts';

export interface ScheduleState {
  readonly lastEpoch: number;
  readonly baseLearningRates: number[];
}

/** Linear warm-up from 0 over `warmupSteps`, then half a cosine down to 0 at `totalSteps`. */
export function warmupCosine(warmupSteps: number, totalSteps: number): (epoch: number) => number {
  return (epoch) => {
    if (epoch < warmupSteps) return epoch / warmupSteps;
    const progress = Math.min(1, (epoch - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
    return 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

/** Drives the groups that `optimizer` has at the time of each step: base learning rate × factor(epoch). */
export class Schedule {
  readonly #optimizer: Optimizer;
  readonly #factor: (epoch: number) => number;
  #baseLearningRates: number[];
  #lastEpoch = 0;

  /** Takes the groups' present learning rates as base learning rates and sets the learning rates of epoch 0. */
  constructor(optimizer: Optimizer, factor: (epoch: number) => number) {
    this.#optimizer = optimizer;
    this.#factor = factor;
    this.#baseLearningRates = optimizer.groups.map((group) => group.learningRate);
    this.#apply();
  }

  /** To be called after an update. */
  step(): void {
    this.#lastEpoch += 1;
    this.#apply();
  }

  /** The learning rates to log, by group. */
  learningRates(): Record<string, number> {
    return Object.fromEntries(this.#optimizer.groups.map((group) => [group.name, group.learningRate]));
  }

  state(): ScheduleState {
    return { lastEpoch: this.#lastEpoch, baseLearningRates: [...this.#baseLearningRates] };
  }

  /** @throws when the checkpoint has another number of groups */
  restore(state: ScheduleState): void {
    if (state.baseLearningRates.length !== this.#baseLearningRates.length) {
      throw new RangeError(
        `expected ${this.#baseLearningRates.length} base learning rates for the schedule, received ${state.baseLearningRates.length}`,
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

/**
 * A `Math.random` whose state can be saved. TensorFlow.js draws initial weights, the shuffles of `fit` and the seeds of
 * Dropout from `Math.random`, whose state cannot be read. Inside {@link LoopRandom.run}, including after each `await`,
 * `Math.random` draws from seeded streams instead. The rest of the process is not affected.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { RandomStream } from '../training/random-stream.ts';

/**
 * What a random number is for: the model's initial weights, the loop (shuffles, data), or the layers while they train.
 * Each has its own stream, so a loop that replays batches without training its layers draws the same numbers.
 */
export type Drawer = 'build' | 'loop' | 'layers';

const running = new AsyncLocalStorage<LoopRandom>();
let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  const original = Math.random;
  Math.random = () => running.getStore()?.draw() ?? original();
}

export class LoopRandom {
  readonly #streams: Readonly<Record<Drawer, RandomStream>>;
  #drawer: Drawer = 'build';

  constructor(seed: number) {
    this.#streams = {
      build: RandomStream.fromSeed(seed),
      loop: RandomStream.fromSeed(seed + 1),
      layers: RandomStream.fromSeed(seed + 2),
    };
  }

  /** Runs `work`. Inside it, `Math.random` draws from these streams. */
  run<T>(work: () => T): T {
    install();
    return running.run(this, work);
  }

  /** Draws from the stream of `drawer` from now on. */
  turnTo(drawer: Drawer): void {
    this.#drawer = drawer;
  }

  /** Draws from the stream of `drawer` during `work`, which must be synchronous. */
  during<T>(drawer: Drawer, work: () => T): T {
    const before = this.#drawer;
    this.#drawer = drawer;
    try {
      return work();
    } finally {
      this.#drawer = before;
    }
  }

  draw(): number {
    return this.#streams[this.#drawer].uniform();
  }

  /** The states of the streams that training draws from. */
  states(): { loop: string; layers: string } {
    return { loop: this.#streams.loop.state(), layers: this.#streams.layers.state() };
  }

  /** @throws {Error} when `state` is not the state of a stream */
  restore(drawer: Drawer, state: string): void {
    this.#streams[drawer].restore(state);
  }
}

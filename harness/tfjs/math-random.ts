/**
 * A `Math.random` whose state can be kept. TensorFlow.js draws a model's first weights, `fit`'s shuffles and the
 * seeds of Dropout from `Math.random`, whose state nothing can read. Inside {@link LoopRandom.run}, across every
 * `await`, it draws from seeded streams instead; the rest of the process keeps its own.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { RandomStream } from '../training/random-stream.ts';

/**
 * Who draws: building the model, the loop (shuffles, data), or the layers while they train. A loop that is run
 * again without its layers then still draws the same.
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

  /** Runs `work` with `Math.random` drawing from here. */
  run<T>(work: () => T): T {
    install();
    return running.run(this, work);
  }

  /** Lets `drawer` draw from now on. */
  turnTo(drawer: Drawer): void {
    this.#drawer = drawer;
  }

  /** Lets `drawer` draw during `work`, which must not be asynchronous. */
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

  /** States of the streams that training draws from. */
  states(): { loop: string; layers: string } {
    return { loop: this.#streams.loop.state(), layers: this.#streams.layers.state() };
  }

  /** @throws {Error} when a text is not a state */
  restore(drawer: Drawer, state: string): void {
    this.#streams[drawer].restore(state);
  }
}

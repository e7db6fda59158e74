/** Positions of examples, batch by batch: in order, shuffled in each epoch, or through a shuffle buffer. */
import { RandomStream } from '../training/random-stream.ts';

/** All that decides which examples come next. */
export interface LoaderState {
  readonly epoch: number;
  /** Examples of this epoch that have been read. */
  readonly position: number;
  /** Examples that wait in the shuffle buffer, and the generator that draws from it; absent without one. */
  readonly buffer?: readonly number[];
  readonly random?: string;
}

/** Options of a {@link Loader}. */
export interface LoaderOptions {
  readonly size: number;
  readonly seed: number;
  readonly shuffle: 'none' | 'epoch' | { readonly buffer: number };
}

/** Positions of examples, batch by batch: in order, shuffled in each epoch, or through a shuffle buffer. */
export class Loader {
  readonly #options: LoaderOptions;
  readonly #random: RandomStream;
  #epoch = 0;
  #position = 0;
  #order: Int32Array;
  #buffer: number[] = [];

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#random = RandomStream.fromSeed(options.seed);
    this.#order = this.#ordered();
  }

  get state(): LoaderState {
    const cursor = { epoch: this.#epoch, position: this.#position };
    return this.#isBuffered()
      ? { ...cursor, buffer: [...this.#buffer], random: this.#random.state() }
      : cursor;
  }

  /** @throws {RangeError} when the state is not of a loader of this data */
  restore({ epoch, position, buffer = [], random }: LoaderState): void {
    const { size, shuffle } = this.#options;
    const most = typeof shuffle === 'object' ? shuffle.buffer : 0;
    const isExample = (at: number): boolean => Number.isSafeInteger(at) && at >= 0 && at < size;
    const sound =
      Number.isSafeInteger(epoch) &&
      epoch >= 0 &&
      (position === size || isExample(position)) &&
      buffer.length <= most &&
      buffer.every(isExample);
    if (!sound) {
      throw new RangeError(
        `expected a data cursor within ${size} examples an epoch, received epoch ${epoch}, position ${position}; resume with the same data`,
      );
    }
    if (this.#isBuffered() && random !== undefined) this.#random.restore(random);
    this.#epoch = epoch;
    this.#position = position;
    this.#buffer = [...buffer];
    this.#order = this.#ordered();
  }

  /** The next `count` examples, from as many epochs as that takes. */
  next(count: number): number[] {
    return Array.from({ length: count }, () => this.#draw());
  }

  #draw(): number {
    const { shuffle } = this.#options;
    if (typeof shuffle !== 'object') return this.#read();
    while (this.#buffer.length < shuffle.buffer) this.#buffer.push(this.#read());
    const [drawn] = this.#buffer.splice(this.#random.integer(this.#buffer.length), 1);
    return drawn!;
  }

  #read(): number {
    if (this.#position === this.#order.length) {
      this.#epoch += 1;
      this.#position = 0;
      this.#order = this.#ordered();
    }
    const example = this.#order[this.#position]!;
    this.#position += 1;
    return example;
  }

  #isBuffered(): boolean {
    return typeof this.#options.shuffle === 'object';
  }

  /** Depends only on seed and epoch, like PyTorch's DistributedSampler with `set_epoch`. */
  #ordered(): Int32Array {
    const { size, seed, shuffle } = this.#options;
    if (shuffle !== 'epoch') return Int32Array.from({ length: size }, (_, at) => at);
    return RandomStream.fromSeed(seed * 65_537 + this.#epoch).shuffle(size);
  }
}

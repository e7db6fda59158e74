/** A data loader: selects the examples of each batch. */
import { RandomStream } from '../training/random-stream.ts';

/** The complete state of a {@link Loader}. It determines all further examples. */
export interface LoaderState {
  /** The number of the epoch, from 0. */
  readonly epoch: number;
  /** How many examples of this epoch were read. */
  readonly position: number;
  /** The examples in the shuffle buffer; absent without one. */
  readonly buffer?: readonly number[];
  /** The state of the random generator that draws from the shuffle buffer; absent without one. */
  readonly random?: string;
}

/** Options of a {@link Loader}. */
export interface LoaderOptions {
  /** Examples per epoch. */
  readonly size: number;
  /** The seed of the order, an integer. */
  readonly seed: number;
  /** In order, in a new order each epoch, or through a shuffle buffer of this many examples. */
  readonly shuffle: 'none' | 'epoch' | { readonly buffer: number };
}

/** Selects the examples of each batch by their positions in the data: in order, shuffled, or through a shuffle buffer. */
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

  /** The state that a checkpoint saves. */
  get state(): LoaderState {
    const cursor = { epoch: this.#epoch, position: this.#position };
    return this.#isBuffered()
      ? { ...cursor, buffer: [...this.#buffer], random: this.#random.state() }
      : cursor;
  }

  /**
   * Continues from a state.
   * @throws {RangeError} when the state does not fit this data; the loader is then unchanged
   */
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
        `expected a data cursor within ${size} examples per epoch, received epoch ${epoch}, position ${position}: resume with the same data`,
      );
    }
    if (this.#isBuffered() && random !== undefined) this.#random.restore(random);
    this.#epoch = epoch;
    this.#position = position;
    this.#buffer = [...buffer];
    this.#order = this.#ordered();
  }

  /** The positions of the next `count` examples. They can span several epochs. */
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

  /** The order of this epoch. It depends only on seed and epoch, as in PyTorch's DistributedSampler with `set_epoch`. */
  #ordered(): Int32Array {
    const { size, seed, shuffle } = this.#options;
    if (shuffle !== 'epoch') return Int32Array.from({ length: size }, (_, at) => at);
    return RandomStream.fromSeed(seed * 65_537 + this.#epoch).shuffle(size);
  }
}

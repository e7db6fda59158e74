/** A random generator whose state can be saved. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

const STATE = /^xoroshiro128plus:(-?\d{1,10}),(-?\d{1,10}),(-?\d{1,10}),(-?\d{1,10}):(-|[0-9a-f]{16})$/;

/** After this many steps, every bit of the state depends on every bit of the seed. */
const WARM_UP = 64;

/**
 * A seeded random generator (xoroshiro128+) whose state can be saved. It runs on the CPU, so that every backend trains on
 * the same numbers.
 * @example
 * ```ts
 * import { RandomStream } from 'resumeproof';
 *
 * const random = RandomStream.fromSeed(7);
 * const noise = random.gaussian(16);
 * const saved = random.state();
 * random.uniform();
 * random.restore(saved); // the next number is the same again
 * console.log(noise.length);
 * ```
 */
export class RandomStream {
  #generator: ReturnType<typeof xoroshiro128plus>;
  /** The second of the two values that Box-Muller computes at a time, until it is returned. */
  #spare: number | undefined;

  private constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
    // pure-rand derives the state from the seed with little mixing. Without a warm-up, nearby seeds start similarly.
    for (let n = 0; n < WARM_UP; n += 1) this.#generator.next();
  }

  /**
   * Starts a stream.
   * @param seed a safe integer; only its lower 32 bits are used
   * @throws `RangeError` when `seed` is not a safe integer
   */
  static fromSeed(seed: number): RandomStream {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`expected a safe integer for the random seed, received ${seed}`);
    }
    return new RandomStream(seed | 0);
  }

  /** A number in [0, 1), with 53 random bits. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** `count` values from the standard normal distribution (Box-Muller), rounded to float32. */
  gaussian(count: number): Float32Array {
    const values = new Float32Array(count);
    for (let at = 0; at < count; at += 1) values[at] = this.#nextGaussian();
    return values;
  }

  /**
   * An integer in [0, below), each equally likely.
   * @throws `RangeError` unless `below` is an integer between 1 and 2^32
   */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new RangeError(
        `expected an integer between 1 and 2^32 for the bound of a random integer, received ${below}`,
      );
    }
    return uniformInt(this.#generator, 0, below - 1);
  }

  /** The integers 0 … count − 1 in random order (Fisher-Yates). */
  shuffle(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last -= 1) {
      const other = this.integer(last + 1);
      const kept = order[last]!;
      order[last] = order[other]!;
      order[other] = kept;
    }
    return order;
  }

  /** The complete state as one line of text. It includes the second Box-Muller value, if that is not yet returned. */
  state(): string {
    const words = this.#generator.getState().map((word) => word | 0);
    return `xoroshiro128plus:${words.join(',')}:${this.#spare === undefined ? '-' : toHex(this.#spare)}`;
  }

  /**
   * Restores a state. The stream then continues bit for bit.
   * @throws `Error` when `state` did not come from {@link RandomStream.state}; the stream is then unchanged
   */
  restore(state: string): void {
    const match = STATE.exec(state);
    const words = match?.slice(1, 5).map(Number);
    const spare = match?.[5] === '-' ? undefined : fromHex(match?.[5] ?? '');
    const sound =
      words?.every((word) => word === (word | 0)) &&
      words.some((word) => word !== 0) &&
      (spare === undefined || Number.isFinite(spare));
    if (!words || !sound) {
      const seen = state.length > 80 ? `${state.slice(0, 80)}…` : state;
      throw new Error(
        `cannot restore a random stream from ${JSON.stringify(seen)}: pass a text that state() returned`,
      );
    }
    this.#generator = xoroshiro128plusFromState(words);
    this.#spare = spare;
  }

  #nextGaussian(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    // 1 − u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

function toHex(value: number): string {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  return bytes.getBigUint64(0).toString(16).padStart(16, '0');
}

function fromHex(text: string): number {
  if (text === '') return Number.NaN;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(`0x${text}`));
  return bytes.getFloat64(0);
}

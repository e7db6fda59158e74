/** Batches from a picture folder: shuffled anew in each epoch, with a cursor that a checkpoint can keep. */
import { RandomStream } from '../../harness/training/random.ts';
import { SIZE } from './model.ts';
import type { PictureFolder } from './pictures.ts';

export interface Cursor {
  readonly epoch: number;
  /** Entries of this epoch that have been handed out. */
  readonly position: number;
}

export interface Batch {
  readonly ids: readonly string[];
  /** `ids.length` pictures of 16×16 values. */
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

export class PictureLoader {
  readonly #folder: PictureFolder;
  readonly #seed: number;
  #epoch = 0;
  #position = 0;
  #order: Int32Array;

  constructor(folder: PictureFolder, seed: number) {
    this.#folder = folder;
    this.#seed = seed;
    this.#order = this.#shuffled();
  }

  get cursor(): Cursor {
    return { epoch: this.#epoch, position: this.#position };
  }

  /** @throws {RangeError} when the cursor lies outside the folder, which then is not the one it was made on */
  restore({ epoch, position }: Cursor): void {
    const size = this.#folder.order.length;
    if (!Number.isSafeInteger(epoch) || epoch < 0 || !Number.isSafeInteger(position) || position > size) {
      throw new RangeError(
        `expected a data cursor within ${size} entries an epoch, received epoch ${epoch}, position ${position}; resume with the same picture folder`,
      );
    }
    this.#epoch = epoch;
    this.#position = position;
    this.#order = this.#shuffled();
  }

  /** The next `count` entries, from as many epochs as that takes. */
  next(count: number): Batch {
    const pixels = new Float32Array(count * SIZE * SIZE);
    const labels = new Int32Array(count);
    const ids = Array.from({ length: count }, (_, at) => {
      if (this.#position === this.#order.length) {
        this.#epoch += 1;
        this.#position = 0;
        this.#order = this.#shuffled();
      }
      const { id, picture } = this.#folder.order[this.#order[this.#position]!]!;
      this.#position += 1;
      pixels.set(picture.pixels, at * SIZE * SIZE);
      labels[at] = picture.label;
      return id;
    });
    return { ids, pixels, labels };
  }

  /** By seed and epoch alone, as PyTorch's DistributedSampler does with `set_epoch`. */
  #shuffled(): Int32Array {
    return RandomStream.fromSeed(this.#seed * 65_537 + this.#epoch).shuffle(this.#folder.order.length);
  }
}

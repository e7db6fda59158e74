/**
 * Turns a training loop inside out. The loop calls `fit`, `fitDataset` or `trainOnBatch` as it likes; here it is
 * held before each batch until that batch is asked for.
 *
 * A loop that is resumed is run again from its beginning, and the batches of before are passed over: their data
 * are drawn, nothing is computed, and losses and metrics are those that were recorded. So shuffles, a dataset's
 * position and the state of callbacks come back, none of which TensorFlow.js can save.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { Callback, LayersModel, registerCallbackConstructor, Sequential } from '@tensorflow/tfjs-layers';
import type { LoopRandom } from './math-random.ts';
import { type TrainedModel, trainedModels } from './model.ts';
import { Turns } from './turns.ts';

export interface TrainedBatch {
  readonly loss: number;
  /** One for each example: the start of the SHA-256 of its inputs and targets. */
  readonly ids: readonly string[];
}

/** What train and test functions returned so far, call by call. */
export type Recording = readonly (readonly number[])[];

/** Batches that were trained before a resume. */
export interface Passed {
  readonly batches: number;
  readonly recording: Recording;
  /** Called in place of the last one's training. */
  restoreWeights(): void;
}

const batchesOf = new WeakMap<LayersModel, Batches>();

/** `fit` and `fitDataset` wait for it before each batch; level 0 makes it one of every fit's callbacks. */
class HoldBeforeBatch extends Callback {
  override async onEpochBegin(epoch: number): Promise<void> {
    const batches = batchesOf.get(this.model);
    if (batches !== undefined) batches.epoch = epoch;
  }
  override async onBatchBegin(): Promise<void> {
    await batchesOf.get(this.model)?.hold();
  }
}

const running = new AsyncLocalStorage<Batches>();
let installed = false;

/** Every model that a loop compiles, those too that no one but the program ever sees. */
function install(): void {
  if (installed) return;
  installed = true;
  registerCallbackConstructor(0, HoldBeforeBatch);
  for (const { prototype } of [LayersModel, Sequential]) {
    const { compile } = prototype;
    prototype.compile = function (args) {
      // A Sequential compiles the model inside of it.
      running.exit(() => compile.call(this, args));
      running.getStore()?.compiled(this);
    };
  }
}

export class Batches {
  /** Batches trained, those before a resume included. */
  done: number;
  /** As `fit` counts them; null in a loop that has none. */
  epoch: number | null = null;
  /** Those that were given and those that the loop has compiled. */
  readonly models: TrainedModel[];
  readonly #random: LoopRandom;
  readonly #past: Recording;
  readonly #passed: Passed | undefined;
  /** How many calls of {@link #past} were given back. */
  #replayed = 0;
  readonly #recorded: (readonly number[])[];
  /** Results and data that wait to be read back, of the calls since the last hold. */
  #results: tf.Tensor[][] = [];
  #data: tf.Tensor[] = [];
  /** Which of the results are the batch's own: an evaluation may come before it and after it. */
  #own = 0;
  #last: TrainedBatch | undefined;
  readonly #turns = new Turns();

  /**
   * @param passed what the loop is to pass over before it is held
   * @param done batches that were trained before this loop begins
   */
  constructor(models: readonly TrainedModel[], random: LoopRandom, passed?: Passed, done = 0) {
    this.#random = random;
    this.#passed = passed;
    this.#past = passed?.recording ?? [];
    this.#recorded = [...this.#past];
    this.done = done;
    install();
    this.models = [...models];
    for (const model of models) this.#hold(model);
  }

  get recording(): Recording {
    return this.#recorded;
  }

  /** Starts the loop, to be held before its first batch that was not trained yet. */
  async start(loop: () => Promise<unknown>): Promise<void> {
    running.run(this, () =>
      this.#turns.begin(async () => {
        await loop();
        await this.#readBack();
      }),
    );
    await this.#turns.arrived();
    if (this.#replayed === this.#past.length) return;
    throw new Error(
      `the loop ended after ${this.done} batches, before the one at which it was saved: run it with the data and the number of epochs with which it was saved`,
    );
  }

  /** Lets one batch be trained. @throws {Error} what the loop throws, or when it has no batch left */
  async next(): Promise<TrainedBatch> {
    const { done } = this;
    await this.#turns.next();
    if (this.done === done) {
      throw new Error(`the loop ended after ${done} batches: give it as many as the plan has steps`);
    }
    return this.#last!;
  }

  /** Called by the loop before a batch. */
  async hold(): Promise<void> {
    if (this.#replayed < this.#past.length) return;
    if (this.#turns.held) {
      throw new Error('two batches are trained at a time: await each before the next');
    }
    await this.#turns.hold(() => this.#readBack());
  }

  compiled(outer: LayersModel): void {
    const known = this.models.find((each) => each.outer === outer);
    const [trained] = known === undefined ? trainedModels({ [outer.name]: outer }) : [known];
    if (known === undefined) this.models.push(trained!);
    this.#hold(trained!);
  }

  #hold({ model, internals }: TrainedModel): void {
    if (batchesOf.get(model) === this) return;
    batchesOf.set(model, this);
    const { makeTrainFunction, makeTestFunction, trainOnBatch } = internals;
    internals.makeTrainFunction = () => {
      const train = makeTrainFunction.call(internals);
      return (data) => {
        this.done += 1;
        // The next batch may be made of what the model gives, as a GAN's is, before the loop is held again.
        if (this.done === this.#passed?.batches) this.#passed.restoreWeights();
        return this.#call(() => {
          // `fit` gives null where there are no weights of samples.
          this.#data = data.filter((tensor) => tensor !== null).map(alias);
          this.#own = this.#results.length;
          return this.#random.during('layers', () => train(data));
        });
      };
    };
    internals.makeTestFunction = () => {
      makeTestFunction.call(internals);
      const test = internals.testFunction;
      internals.testFunction = (data) => this.#call(() => test(data));
    };
    internals.trainOnBatch = async (...batch) => {
      await this.hold();
      return trainOnBatch.apply(model, batch);
    };
  }

  /** Gives back what was recorded, or computes and records. */
  #call(compute: () => tf.Tensor[]): tf.Tensor[] {
    const past = this.#past[this.#replayed];
    if (past !== undefined) {
      this.#replayed += 1;
      return past.map((value) => tf.scalar(value));
    }
    const results = compute();
    this.#results.push(results.map(alias));
    return results;
  }

  async #readBack(): Promise<void> {
    const [results, data] = [this.#results, this.#data];
    this.#results = [];
    this.#data = [];
    const values = await Promise.all(
      results.map(async (call) => Promise.all(call.map(async (result) => (await result.data())[0]!))),
    );
    this.#recorded.push(...values);
    if (data.length > 0) this.#last = { loss: values[this.#own]![0]!, ids: await idsOf(data) };
    tf.dispose([...results.flat(), ...data]);
  }
}

/** The same values, to be disposed by us, without a copy. */
const alias = (tensor: tf.Tensor): tf.Tensor => tf.keep(tf.reshape(tensor, tensor.shape));

/** By example where all tensors have as many rows, else one for the whole batch. */
async function idsOf(tensors: readonly tf.Tensor[]): Promise<string[]> {
  const rows = tensors[0]!.shape[0] ?? 1;
  const count = tensors.every(({ shape }) => shape[0] === rows) ? rows : 1;
  const hashes = Array.from({ length: count }, () => createHash('sha256'));
  for (const tensor of tensors) {
    const values = await tensor.data<'float32'>();
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const size = bytes.byteLength / count;
    hashes.forEach((hash, row) => {
      hash.update(bytes.subarray(row * size, (row + 1) * size));
    });
  }
  return hashes.map((hash) => hash.digest('hex').slice(0, 16));
}

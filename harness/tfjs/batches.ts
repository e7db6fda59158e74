/**
 * Runs a training loop one batch at a time. The loop calls `fit`, `fitDataset` or `trainOnBatch` as usual. It pauses
 * before each batch until the trainer requests that batch.
 *
 * A resumed loop runs again from its beginning and replays the batches before the checkpoint: it draws their data but
 * trains nothing, and it gets the recorded losses and metrics. This restores shuffles, dataset positions and the state
 * of callbacks, which TensorFlow.js cannot save.
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
  /** One per example: the first 16 hex digits of the SHA-256 of its inputs and targets. */
  readonly ids: readonly string[];
}

/** The results of all train and test functions so far, one entry per call. */
export type Recording = readonly (readonly number[])[];

/** The batches that were trained before the checkpoint. The loop replays them. */
export interface Passed {
  readonly batches: number;
  readonly recording: Recording;
  /** Called instead of training the last of these batches. */
  restoreWeights(): void;
}

const batchesOf = new WeakMap<LayersModel, Batches>();

/** `fit` and `fitDataset` await this callback before each batch. Level 0 adds it to the callbacks of every fit. */
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

/** Patches `compile`, so that every model that a loop compiles is found, even one that stays private to the program. */
function install(): void {
  if (installed) return;
  installed = true;
  registerCallbackConstructor(0, HoldBeforeBatch);
  for (const { prototype } of [LayersModel, Sequential]) {
    const { compile } = prototype;
    prototype.compile = function (args) {
      // A Sequential also compiles its inner model, which must not be reported as another one.
      running.exit(() => compile.call(this, args));
      running.getStore()?.compiled(this);
    };
  }
}

export class Batches {
  /** Batches trained, including those before a resume. */
  done: number;
  /** The epoch as `fit` counts it. Null if the loop has no epochs. */
  epoch: number | null = null;
  /** The models given to the constructor, and those that the loop has compiled. */
  readonly models: TrainedModel[];
  readonly #random: LoopRandom;
  readonly #past: Recording;
  readonly #passed: Passed | undefined;
  /** How many calls of {@link #past} were replayed. */
  #replayed = 0;
  readonly #recorded: (readonly number[])[];
  /** Results and data of the calls since the last pause. They are not read back yet. */
  #results: tf.Tensor[][] = [];
  #data: tf.Tensor[] = [];
  /** The index of the training batch's own results. Evaluations can run before and after it. */
  #own = 0;
  #last: TrainedBatch | undefined;
  readonly #turns = new Turns();

  /**
   * @param passed the batches that the loop replays before it first pauses
   * @param done batches that were trained before this loop starts
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

  /**
   * Starts the loop. It pauses before the first batch that is not trained yet.
   * @throws {Error} what the loop throws, or when it ends before the batch of the checkpoint
   */
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
      `the loop ended after ${this.done} batches, before the batch of the checkpoint: run it with the same data and number of epochs as when it was saved`,
    );
  }

  /** Trains one batch. @throws {Error} what the loop throws, or when it has no batch left */
  async next(): Promise<TrainedBatch> {
    const { done } = this;
    await this.#turns.next();
    if (this.done === done) {
      throw new Error(
        `the loop ended after ${done} batches, but the plan has more steps: train at least one batch per step`,
      );
    }
    return this.#last!;
  }

  /** Called by the loop before a batch. */
  async hold(): Promise<void> {
    if (this.#replayed < this.#past.length) return;
    if (this.#turns.held) {
      throw new Error('two batches are trained at the same time: await each batch before you start the next');
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
        // The loop may compute the next batch from the model, like a GAN, before it pauses again.
        if (this.done === this.#passed?.batches) this.#passed.restoreWeights();
        return this.#call(() => {
          // `fit` passes null if there are no sample weights.
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

  /** Returns the recorded results, or computes and records new ones. */
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

/** A second tensor with the same values, without a copy. This module disposes it. */
const alias = (tensor: tf.Tensor): tf.Tensor => tf.keep(tf.reshape(tensor, tensor.shape));

/** One id per example if all tensors have the same number of rows, else one for the whole batch. */
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

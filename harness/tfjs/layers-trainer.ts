/** Makes a trainer from `tf.LayersModel`s, their optimizers and the loop that trains them. */
import { type Optimizer, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Observed, Sample, Trainer, TrainerContext } from '../training/trainer.ts';
import { Batches, type Passed } from './batches.ts';
import { LoopRandom } from './math-random.ts';
import {
  type Models,
  recurrentStates,
  type TrainedModel,
  trainableOf,
  trainedModels,
  weightsOf,
} from './model.ts';
import {
  observedCounters,
  observedSlots,
  optimizersOf,
  type TrainedOptimizer,
  type Watched,
  watchOptimizer,
} from './optimizer.ts';
import { recordingOf, restore, restoreWeights, toCheckpoint } from './saved.ts';

/** A program that trains `tf.LayersModel`s, as {@link layersTrainer} takes it. */
export interface LayersTraining<M extends Models> {
  /**
   * Builds the model, or an object of several models by name. The object can also hold anything else that the loop
   * needs. Models that the loop itself builds and compiles are found too, by their own names. Each model must be compiled
   * before its first batch. `Math.random` is seeded. A resume with `files.load` does not call `build`, except in the cold
   * run.
   */
  build(): M | Promise<M>;
  /**
   * Trains with `fit`, `fitDataset` or `trainOnBatch`, one batch at a time. A step of the plan is one batch, and the loop
   * must train at least as many batches as the plan has steps. `batches` is the number that `files.load` returned, else
   * 0. A loop that resumes from the harness' own checkpoint runs again from its beginning: the batches before the
   * checkpoint draw their data but are not trained.
   */
  loop(models: M, batches: number): Promise<unknown>;
  /**
   * The program's own save and load, at paths that the harness chooses. By default, the harness saves its own checkpoint,
   * which restores everything.
   */
  files?: {
    save(path: string, models: M, batches: number): Promise<unknown>;
    load(path: string): Promise<{ models: M; batches: number }>;
  };
  /** Draws samples from fixed inputs. Must not draw random numbers. */
  sample?(models: M): Promise<readonly Sample[]>;
}

/** The part of the {@link TrainerContext} that {@link layersTrainer} and {@link variablesTrainer} need. */
export type LayersContext = Pick<TrainerContext, 'seed' | 'checkpoint' | 'weightsOnly'>;

/**
 * Makes a trainer from a program that trains `tf.LayersModel`s with `fit`, `fitDataset` or `trainOnBatch`. TensorFlow.js
 * shuffles and seeds Dropout with `Math.random`. During `build` and `loop`, `Math.random` therefore draws from seeded
 * streams, whose state is recorded and saved in the harness' own checkpoint.
 * @throws {@link CheckpointError} when the harness' own checkpoint is damaged or belongs to another model
 * @throws `Error` when no model is compiled, or when the resumed loop ends earlier or validates differently than the
 *   saved one
 * @example
 * ```ts
 * import { defineScenario, layersTrainer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { ones } from '@tensorflow/tfjs-core';
 *
 * export default defineScenario({
 *   about: 'A dense layer trained by fit',
 *   plan: { steps: 8, resumeAt: 4 },
 *   lacks: ['hooks', 'samples', 'slots'],
 *   trainer: (context) =>
 *     layersTrainer(context, {
 *       build() {
 *         const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 *         model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 *         return model;
 *       },
 *       loop: (model) => model.fit(ones([16, 4]), ones([16, 1]), { batchSize: 4, epochs: 2, verbose: 0 }),
 *     }),
 * });
 * ```
 */
export async function layersTrainer<M extends Models>(
  context: LayersContext,
  training: LayersTraining<M>,
): Promise<Trainer> {
  const random = new LoopRandom(context.seed);
  return random.run(async () => {
    const begun = await begin(context, training);
    random.turnTo('loop');
    const { models, batches: before } = begun;
    const past = context.weightsOnly ? undefined : begun.past;
    const passed: Passed | undefined = past && {
      batches: past.state.step,
      recording: recordingOf(past, context.checkpoint!),
      restoreWeights: () => restoreWeights(past, batches.models, context.checkpoint!),
    };
    const batches = new Batches(trainedModels(models), random, passed, before);
    await batches.start(() => training.loop(models, before));
    if (past !== undefined) {
      const { step } = past.state;
      if (batches.done !== step) {
        throw new Error(
          `the resumed loop trained ${batches.done} batches up to the checkpoint, but the saved loop trained ${step}: validate and evaluate at the same batches as before the save`,
        );
      }
      restore(past, batches.models, random, context.checkpoint!);
    } else if (begun.past !== undefined) restoreWeights(begun.past, batches.models, context.checkpoint!);
    return new LayersTrainer(training, models, batches, random).ready();
  });
}

interface Begun<M> {
  readonly models: M;
  readonly batches: number;
  /** The harness' own checkpoint. It is restored when the loop first pauses. */
  readonly past?: Checkpoint;
}

async function begin<M extends Models>(
  { checkpoint, weightsOnly }: LayersContext,
  { build, files }: LayersTraining<M>,
): Promise<Begun<M>> {
  if (checkpoint === undefined) return { models: await build(), batches: 0 };
  if (files !== undefined && !weightsOnly) return files.load(checkpoint);
  const models = await build();
  if (files === undefined) return { models, batches: 0, past: await loadCheckpoint(checkpoint) };
  const loaded = trainedModels((await files.load(checkpoint)).models);
  trainedModels(models).forEach(({ model }, index) => {
    tidy(() => model.setWeights(loaded[index]!.model.getWeights()));
  });
  return { models, batches: 0 };
}

class LayersTrainer<M extends Models> implements Trainer {
  readonly #training: LayersTraining<M>;
  readonly #models: M;
  readonly #trained: readonly TrainedModel[];
  readonly #batches: Batches;
  readonly #random: LoopRandom;
  readonly #watched = new WeakMap<Optimizer, Watched>();
  /** The learning rates that the optimizers reported at the last update of this step, by key. */
  #shown: ReadonlyMap<string, number> | undefined;
  sample?: () => Promise<readonly Sample[]>;

  constructor(training: LayersTraining<M>, models: M, batches: Batches, random: LoopRandom) {
    this.#training = training;
    this.#models = models;
    this.#trained = batches.models;
    this.#batches = batches;
    this.#random = random;
    const { sample } = training;
    if (sample !== undefined) this.sample = () => sample.call(training, models);
  }

  /** The current optimizers. The loop can compile a model again, with another optimizer. */
  #optimizers(): readonly (TrainedOptimizer & { readonly watched: Watched })[] {
    return optimizersOf(this.#trained, weightsOf(this.#trained).parameters).map((own) => {
      const watched =
        this.#watched.get(own.optimizer) ??
        watchOptimizer(own, () => {
          this.#shown = this.#learningRates();
        });
      this.#watched.set(own.optimizer, watched);
      return { ...own, watched };
    });
  }

  async ready(): Promise<this> {
    await Promise.all(this.#optimizers().map(({ watched }) => watched.refresh()));
    return this;
  }

  async step() {
    this.#shown = undefined;
    const { loss, ids } = await this.#batches.next();
    await this.ready();
    // The loop has already reached the next batch, and may have changed the learning rates for it.
    const learningRates = this.#shown ?? this.#learningRates();
    return {
      loss,
      learningRate:
        learningRates.size === 1 ? [...learningRates.values()][0]! : Object.fromEntries(learningRates),
      batch: ids,
      applied: this.#shown !== undefined,
      step: this.#batches.done,
    };
  }

  #learningRates(): ReadonlyMap<string, number> {
    return new Map(this.#optimizers().map(({ key, watched }) => [key, watched.claimed()]));
  }

  async save(path: string): Promise<void> {
    const { files } = this.#training;
    if (files === undefined) {
      await saveCheckpoint(path, await toCheckpoint(this.#trained, this.#batches, this.#random));
    } else await files.save(path, this.#models, this.#batches.done);
  }

  observe(): Observed {
    const { parameters, statistics } = weightsOf(this.#trained);
    const trainable = trainableOf(this.#trained);
    const optimizers = this.#optimizers();
    const several = optimizers.length > 1;
    const groups = new Map<unknown, string>();
    for (const { key, weights } of several ? optimizers.toReversed() : []) {
      for (const { variable } of weights) groups.set(variable, key);
    }
    const { epoch, done } = this.#batches;
    return {
      parameters: parameters.map(({ name, variable }) => {
        const group = groups.get(variable);
        return {
          name,
          variable,
          trainable: trainable.has(variable),
          ...(group === undefined ? {} : { group }),
        };
      }),
      slots: observedSlots(optimizers),
      buffers: new Map<string, Tensor>([
        ...statistics.map(({ name, variable }) => [name, variable] as const),
        ...recurrentStates(this.#trained).map(({ name, tensor }) => [name, tensor] as const),
      ]),
      random: this.#random.states(),
      counters: Object.fromEntries([
        ['batches', done],
        ...(epoch === null ? [] : [['epoch', epoch] as const]),
        ...observedCounters(optimizers),
      ]),
    };
  }
}

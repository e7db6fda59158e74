/**
 * Fine-tunes an image model on a folder of pictures, in the order of sd-scripts' own program: build
 * everything, prepare it, resume, train. A scenario says what is done when; the order is what goes wrong.
 */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from '../../harness/checkpoint/checkpoint.ts';
import { readSafetensors } from '../../harness/checkpoint/safetensors.ts';
import { WeightAverage } from '../../harness/training/average.ts';
import {
  type FusedGroups,
  fuseBackwardPass,
  fuseOptimizerGroups,
  splitIntoGroups,
} from '../../harness/training/fused.ts';
import { clipGradientNorm, Gradients } from '../../harness/training/gradients.ts';
import { Optimizer, type Parameter, type UpdateRule } from '../../harness/training/optimizer.ts';
import { RandomStream } from '../../harness/training/random.ts';
import { Schedule, warmupCosine } from '../../harness/training/schedule.ts';
import type {
  Observed,
  SampledImage,
  StepClaim,
  Trainer,
  TrainerContext,
} from '../../harness/training/trainer.ts';
import { flowLoss, sample } from './flow.ts';
import { PictureLoader } from './loader.ts';
import { createVariables, type ImageModel, type Initialise, SIZE } from './model.ts';
import { readPictures } from './pictures.ts';
import { readCheckpoint, type Saved, toCheckpoint } from './saved.ts';

export interface FineTuneOptions {
  readonly model: ImageModel;
  readonly initialise: Initialise;
  readonly update: UpdateRule;
  /** Default 'none': one optimizer steps after the backward pass. */
  readonly fused?: 'none' | 'backward-pass' | 'optimizer-groups';
  /** How many optimizers with 'optimizer-groups'; default 4. */
  readonly groups?: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Micro-batches an update; more than 1 only without fusing. Default 1. */
  readonly accumulate?: number;
  /** Pictures a micro-batch; default 8. */
  readonly batch?: number;
}

/** An optimizer and the schedule that drives it. */
export interface Prepared {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
}

const PICTURES = path.join(import.meta.dirname, '..', '..', 'fixtures', 'pictures');
const BASE = path.join(import.meta.dirname, '..', '..', 'fixtures', 'base-model', 'model.safetensors');
const MAX_GRAD_NORM = 1;
const EMA_DECAY = 0.99;
/** Few, since on a GPU in software each takes half a second. */
const SAMPLING_STEPS = 5;
/** Classes drawn from the live weights, and from their average. */
const SAMPLED = [3, 5, 7, 8];
const SAMPLED_FROM_EMA = [3, 7];

/** Weights of the pretrained base model; its origin is told in fixtures/README.md. */
export async function pretrained(): Promise<Initialise> {
  const { tensors } = await readSafetensors(BASE);
  return (name) => {
    const { bytes } = tensors.get(name) ?? { bytes: new Uint8Array() };
    return new Float32Array(bytes.slice().buffer);
  };
}

export async function createFineTune(context: TrainerContext, options: FineTuneOptions): Promise<FineTune> {
  const folder = await readPictures(context.images ?? PICTURES);
  return new FineTune(context, options, new PictureLoader(folder, context.seed));
}

export class FineTune implements Trainer {
  readonly optimizers: readonly Prepared[];
  readonly #context: TrainerContext;
  readonly #options: Required<FineTuneOptions>;
  readonly #loader: PictureLoader;
  readonly #noise: RandomStream;
  readonly #gradients = new Gradients();
  readonly #average: WeightAverage;
  #parameters: readonly Parameter[];
  /** What a checkpoint saves to and restores: accelerate's `prepare`. */
  #prepared: readonly Prepared[] = [];
  #fusedGroups: FusedGroups | undefined;
  #step = 0;

  constructor(context: TrainerContext, options: FineTuneOptions, loader: PictureLoader) {
    this.#context = context;
    this.#options = { fused: 'none', groups: 4, accumulate: 1, batch: 8, ...options };
    this.#loader = loader;
    this.#noise = RandomStream.fromSeed(context.seed + 1);
    const { model, initialise, update, learningRate, warmupSteps, fused, groups, accumulate } = this.#options;
    this.#parameters = toParameters(createVariables(model, initialise));
    this.#average = new WeightAverage(this.#parameters, EMA_DECAY);
    const whole = { name: 'all', parameters: this.#parameters, learningRate, weightDecay: 0.01 };
    const split = fused === 'optimizer-groups' ? splitIntoGroups([whole], groups) : [whole];
    const factor = warmupCosine(warmupSteps, Math.ceil(context.plan.steps / accumulate) + 1);
    this.optimizers = split.map((group) => {
      const optimizer = new Optimizer([group], update);
      return { name: group.name, optimizer, schedule: new Schedule(optimizer, factor) };
    });
  }

  prepare(...optimizers: readonly Prepared[]): void {
    this.#prepared = [...this.#prepared, ...optimizers];
  }

  /** Captures what it finds now: variables and parameter groups. */
  registerHooks(): void {
    const options = { maxGradNorm: MAX_GRAD_NORM };
    const own = this.optimizers.map(({ optimizer }) => optimizer);
    if (this.#options.fused === 'backward-pass') fuseBackwardPass(this.#gradients, own[0]!, options);
    if (this.#options.fused === 'optimizer-groups') {
      this.#fusedGroups = fuseOptimizerGroups(this.#gradients, own, options);
    }
  }

  /**
   * Takes over the context's checkpoint, if there is one; of optimizers and schedules only what is prepared.
   * @param options.replaceVariables puts new variables in place of the old, as PyTorch's
   *   `load_state_dict(assign=True)` does, instead of writing into them
   * @throws CheckpointError before anything is touched
   */
  async resume(options: { readonly replaceVariables: boolean }): Promise<void> {
    const { checkpoint, weightsOnly } = this.#context;
    if (checkpoint === undefined) return;
    const saved = readCheckpoint(await loadCheckpoint(checkpoint), checkpoint, this.#options.model);
    // All that can be refused comes first: a refused load leaves the trainer as it was.
    const restored = weightsOnly
      ? []
      : this.#prepared.map((prepared) => ({ ...prepared, ...stateOf(saved, prepared) }));
    if (!weightsOnly) this.#loader.restore(saved.cursor);
    // A cold start builds everything else on the variables that are there.
    this.#restoreWeights(saved.tensors('model'), options.replaceVariables && !weightsOnly);
    if (weightsOnly) return this.#average.restore(clones(this.#parameters), 0);
    for (const { optimizer, schedule, optimizerState, scheduleState } of restored) {
      optimizer.loadState(optimizerState, saved.slotsOf(optimizer), this.#parameters);
      schedule.restore(scheduleState);
    }
    this.#average.restore(saved.tensors('ema'), saved.averageUpdates);
    const gradients = saved.tensors('gradients');
    for (const { name, variable } of this.#parameters) {
      const gradient = gradients.get(name);
      if (gradient !== undefined) this.#gradients.restore(variable, gradient);
    }
    this.#noise.restore(saved.noise);
    this.#step = saved.step;
  }

  #restoreWeights(weights: ReadonlyMap<string, tf.Tensor>, replace: boolean): void {
    if (replace) {
      this.#parameters = this.#parameters.map(({ name }) => ({
        name,
        variable: tf.variable(weights.get(name)!),
      }));
    } else {
      for (const { name, variable } of this.#parameters) variable.assign(weights.get(name)!);
    }
    for (const tensor of weights.values()) tensor.dispose();
  }

  async step(): Promise<StepClaim> {
    const { accumulate } = this.#options;
    // As sd-scripts logs it: what the scheduler says, before the step.
    const learningRate = Object.assign({}, ...this.optimizers.map(({ schedule }) => schedule.rates()));
    this.#fusedGroups?.resetCounts();
    const { loss, batch } = this.#backward();
    this.#step += 1;
    const applied = this.#step % accumulate === 0;
    if (applied) this.#update();
    const [value] = await loss.data();
    loss.dispose();
    return { loss: value!, learningRate, batch, applied, step: this.#step };
  }

  #update(): void {
    if (this.#options.fused === 'none') {
      for (const { variable } of this.#parameters) {
        clipGradientNorm(this.#gradients, variable, MAX_GRAD_NORM);
      }
      for (const { optimizer } of this.optimizers) optimizer.step(this.#gradients);
    }
    for (const { schedule } of this.optimizers) schedule.step();
    this.#gradients.drop();
    this.#average.update(this.#parameters);
  }

  #backward(): { loss: tf.Scalar; batch: readonly string[] } {
    const { model, batch: size, accumulate } = this.#options;
    const { ids, pixels, labels } = this.#loader.next(size);
    const noise = this.#noise.gaussian(pixels.length);
    const time = this.#noise.gaussian(size).map((value) => 1 / (1 + Math.exp(-value)));
    const variable = this.#byName();
    const loss = tf.tidy(() => {
      const shape: [number, number, number] = [size, SIZE, SIZE];
      const batch = {
        pictures: tf.tensor3d(pixels, shape),
        noise: tf.tensor3d(noise, shape),
        time: tf.tensor1d(time),
        label: tf.tensor1d(labels, 'int32'),
      };
      return this.#gradients.backward(
        (read) =>
          tf.div(
            flowLoss(model, (name) => read(variable(name)), batch),
            accumulate,
          ) as tf.Scalar,
      );
    });
    return { loss, batch: ids };
  }

  async save(directory: string): Promise<void> {
    await saveCheckpoint(directory, await this.#checkpoint());
  }

  #checkpoint(): Promise<Checkpoint> {
    return toCheckpoint({
      parameters: this.#parameters,
      prepared: this.#prepared,
      average: this.#average,
      gradients: this.#accumulated(),
      noise: this.#noise.state(),
      cursor: this.#loader.cursor,
      step: this.#step,
    });
  }

  #byName(): (name: string) => tf.Variable {
    const variables = new Map(this.#parameters.map(({ name, variable }) => [name, variable]));
    return (name) => variables.get(name)!;
  }

  #accumulated(): Map<string, tf.Tensor> {
    return new Map(
      this.#parameters.flatMap(({ name, variable }) => {
        const gradient = this.#gradients.of(variable);
        return gradient === undefined ? [] : [[name, gradient]];
      }),
    );
  }

  observe(): Observed {
    const groups = new Map(
      this.optimizers.flatMap(({ optimizer }) =>
        optimizer.groups.flatMap((group) => group.parameters.map(({ name }) => [name, group.name])),
      ),
    );
    return {
      parameters: this.#parameters.map(({ name, variable }) => {
        const group = groups.get(name);
        return { name, variable, ...(group === undefined ? {} : { group }) };
      }),
      slots: this.optimizers.flatMap(({ optimizer }) => optimizer.slots()),
      averages: this.#average.tensors,
      gradients: this.#accumulated(),
      random: { noise: this.#noise.state() },
      counters: {
        step: this.#step,
        'data.epoch': this.#loader.cursor.epoch,
        'data.position': this.#loader.cursor.position,
        'ema.updates': this.#average.updates,
        ...Object.assign({}, ...this.optimizers.map(counters)),
      },
    };
  }

  async sample(): Promise<readonly SampledImage[]> {
    const variable = this.#byName();
    return [
      ...(await this.#draw(SAMPLED, '', variable)),
      ...(await this.#draw(SAMPLED_FROM_EMA, ', EMA', (name) => this.#average.tensors.get(name)!)),
    ];
  }

  /** The same noise for the same class, whatever the run: equal weights give equal pictures. */
  async #draw(
    labels: readonly number[],
    suffix: string,
    read: (name: string) => tf.Tensor,
  ): Promise<SampledImage[]> {
    const noise = new Float32Array(labels.length * SIZE * SIZE);
    labels.forEach((label, at) => {
      noise.set(RandomStream.fromSeed(label).gaussian(SIZE * SIZE), at * SIZE * SIZE);
    });
    const pictures = await sample(this.#options.model, read, labels, noise, SAMPLING_STEPS);
    return pictures.map((pixels, at) => ({
      name: `digit ${labels[at]}, seed ${labels[at]}${suffix}`,
      width: SIZE,
      height: SIZE,
      channels: 1,
      pixels,
    }));
  }
}

const toParameters = (variables: ReadonlyMap<string, tf.Variable>): Parameter[] =>
  [...variables].map(([name, variable]) => ({ name, variable }));

const stateOf = (saved: Saved, { name }: Prepared) => ({
  optimizerState: saved.optimizer(name),
  scheduleState: saved.schedule(name),
});

const clones = (parameters: readonly Parameter[]): Map<string, tf.Tensor> =>
  new Map(parameters.map(({ name, variable }) => [name, variable.clone()]));

function counters({ name, optimizer, schedule }: Prepared): Record<string, number> {
  const { steps } = optimizer.state();
  return {
    [`schedule.${name}.lastEpoch`]: schedule.state().lastEpoch,
    [`optimizer.${name}.step`]: Math.max(0, ...Object.values(steps)),
    ...Object.fromEntries(
      optimizer.groups.map((group) => [`learningRate.${group.name}`, group.learningRate]),
    ),
  };
}

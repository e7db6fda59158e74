/** Makes a trainer from a loop that trains `tf.variable`s, or models without `fit`. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Checkpoint,
  type ExpectedTensor,
  loadCheckpoint,
  requireTensors,
  saveCheckpoint,
} from '../checkpoint/checkpoint.ts';
import { toTensor, toTensorMap } from '../training/tensors.ts';
import type { Observed, Sample, Trainer } from '../training/trainer.ts';
import type { LayersContext } from './layers-trainer.ts';
import { LoopRandom } from './math-random.ts';
import type { Weight } from './model.ts';
import {
  observedCounters,
  observedSlots,
  restoreOptimizer,
  scalarKey,
  scalarsOf,
  slotKey,
  slotsOf,
  statesOf,
  tensorsOf,
} from './optimizer.ts';
import { assignWeights, described, encodeRecording, recordingOf, stateOf } from './saved.ts';
import { type Hold, Updates } from './updates.ts';

/** A program that trains `tf.variable`s with its own loop, as {@link variablesTrainer} takes it. */
export interface VariablesTraining<B> {
  /**
   * Creates the variables and optimizers, unless the loop creates them. `Math.random` is seeded. Optimizers that come
   * from `tf.train` are found, here and in the loop. Any other optimizer is found if it is a value of the returned
   * object, or when `minimize` is called.
   */
  build(): B | Promise<B>;
  /**
   * Trains for at least as many steps as the plan has, and awaits `hold` before the first update and after each step.
   * `steps` is the number of steps already done if the loop `continues`, else 0.
   */
  loop(built: B, hold: Hold, steps: number): Promise<unknown>;
  /**
   * True if the loop can start at any step: its only state is the variables, the optimizers and `Math.random`. By default,
   * a resumed loop runs again from its beginning: the steps before the checkpoint draw their data but update nothing.
   */
  continues?: boolean;
  /** The program's own save and load, at paths that the harness chooses. Requires `continues`. */
  files?: {
    save(path: string, built: B, steps: number): Promise<unknown>;
    load(path: string): Promise<{ built: B; steps: number }>;
  };
  /** Draws samples from fixed inputs. Must not draw random numbers. */
  sample?(built: B): Promise<readonly Sample[]>;
}

/**
 * Makes a trainer from a loop that trains `tf.variable`s, or models without `fit`, with TensorFlow.js optimizers. During
 * `build` and `loop`, `Math.random` draws from seeded streams, whose state is recorded and saved in the harness' own
 * checkpoint.
 * @throws {@link CheckpointError} when the harness' own checkpoint is damaged or belongs to another program
 * @throws `Error` when the loop never awaits `hold`, or ends before the step of the checkpoint
 * @example
 * ```ts
 * import { defineScenario, variablesTrainer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * export default defineScenario({
 *   about: 'One variable and Adam',
 *   plan: { steps: 8, resumeAt: 4 },
 *   lacks: ['hooks', 'samples', 'batches'],
 *   trainer: (context) =>
 *     variablesTrainer(context, {
 *       build: () => ({ weight: tf.variable(tf.ones([3])), optimizer: tf.train.adam(0.1) }),
 *       async loop({ weight, optimizer }, hold) {
 *         await hold();
 *         for (let step = 0; step < 8; step += 1) {
 *           const loss = optimizer.minimize(() => tf.sum(tf.square(weight)), true)!;
 *           await hold({ loss: (await loss.data())[0]! });
 *         }
 *       },
 *     }),
 * });
 * ```
 */
export async function variablesTrainer<B>(
  context: LayersContext,
  training: VariablesTraining<B>,
): Promise<Trainer> {
  if (training.files !== undefined && !training.continues) {
    throw new Error(
      '`files` needs a loop that can start at the saved step: set `continues: true`, or remove `files`',
    );
  }
  const random = new LoopRandom(context.seed);
  const updates = new Updates();
  return random.run(() =>
    updates.run(async () => {
      const { built, past, steps } = await begin(context, training);
      random.turnTo('loop');
      for (const value of Object.values(built ?? {})) {
        if (value instanceof tf.Optimizer) updates.watch(value);
      }
      const trainer = new VariablesTrainer(training, built, updates, random);
      const { checkpoint, weightsOnly } = context;
      const whole = weightsOnly ? undefined : past;
      if (training.continues) {
        if (whole !== undefined) trainer.restore(whole, checkpoint!);
        updates.beginAt(steps);
      } else if (whole !== undefined) {
        // The program may create more variables later.
        const weights = () => trainer.restoreWeights(whole, checkpoint!, { allowExtra: true });
        updates.passOver(steps, recordingOf(whole, checkpoint!), weights);
      }
      await updates.start((hold) => training.loop(built, hold, training.continues ? steps : 0));
      if (!training.continues && whole !== undefined) trainer.restore(whole, checkpoint!);
      trainer.nameSlots();
      if (weightsOnly && past !== undefined) trainer.restoreWeights(past, checkpoint!);
      await trainer.refresh();
      return trainer;
    }),
  );
}

interface Begun<B> {
  readonly built: B;
  readonly steps: number;
  /** The harness' own checkpoint, unless the program loads its own. */
  readonly past?: Checkpoint;
}

async function begin<B>(
  { checkpoint, weightsOnly }: LayersContext,
  { build, files }: VariablesTraining<B>,
): Promise<Begun<B>> {
  if (checkpoint === undefined) return { built: await build(), steps: 0 };
  if (files !== undefined) {
    const loaded = await files.load(checkpoint);
    return weightsOnly ? { ...loaded, steps: 0 } : loaded;
  }
  const past = await loadCheckpoint(checkpoint);
  return { built: await build(), steps: weightsOnly ? 0 : past.state.step, past };
}

class VariablesTrainer<B> implements Trainer {
  readonly #training: VariablesTraining<B>;
  readonly #built: B;
  readonly #updates: Updates;
  readonly #random: LoopRandom;
  sample?: () => Promise<readonly Sample[]>;

  constructor(training: VariablesTraining<B>, built: B, updates: Updates, random: LoopRandom) {
    this.#training = training;
    this.#built = built;
    this.#updates = updates;
    this.#random = random;
    const { sample } = training;
    if (sample !== undefined) this.sample = () => sample.call(training, built);
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#updates.optimizers.map(({ watched }) => watched.refresh()));
  }

  async step() {
    await this.#updates.next();
    await this.refresh();
    const { optimizers, loss, learningRates, done } = this.#updates;
    const byKey = optimizers.map(({ key }, at) => [key, learningRates?.[at] ?? Number.NaN] as const);
    return {
      loss,
      learningRate: byKey.length === 1 ? byKey[0]![1] : Object.fromEntries(byKey),
      applied: learningRates !== undefined,
      step: done,
    };
  }

  observe(): Observed {
    const { optimizers, done } = this.#updates;
    return {
      parameters: this.#updates.parameters(),
      slots: observedSlots(optimizers),
      buffers: new Map(this.#updates.buffers().map(({ name, variable }) => [name, variable])),
      random: { loop: this.#random.states().loop },
      counters: Object.fromEntries([['steps', done], ...observedCounters(optimizers)]),
    };
  }

  async save(path: string): Promise<void> {
    const { optimizers, done, recording } = this.#updates;
    const { files } = this.#training;
    if (files !== undefined) {
      await files.save(path, this.#built, done);
      return;
    }
    await saveCheckpoint(path, {
      tensors: {
        model: await toTensorMap(this.#weights().map(({ name, variable }) => [name, variable])),
        optimizer: await toTensorMap(tensorsOf(optimizers)),
        recording: encodeRecording(recording),
      },
      state: {
        format: 1,
        step: done,
        schedules: {},
        optimizers: statesOf(optimizers),
        random: { loop: this.#random.states().loop },
        data: {},
      },
    });
  }

  /** @throws CheckpointError before it changes anything */
  restore(checkpoint: Checkpoint, file: string): void {
    const found = checkpoint.tensors.optimizer;
    const restored = this.#updates.optimizers.map((own) => {
      const state = stateOf(checkpoint, own.key, own.optimizer.getClassName(), file);
      const slots = Object.keys(state.slots);
      // The weights that `minimize` found a gradient for. The slots follow their order, without gaps.
      const weights = own.weights.length > 0 ? own.weights : this.#updates.parameters();
      own.weights = weights.filter(({ name }) =>
        slots.some((property) => found?.has(slotKey(own.key, name, property))),
      );
      const expected = [
        ...slots.flatMap((property) =>
          own.weights.map(({ name, variable }) => ({
            name: slotKey(own.key, name, property),
            tensor: variable,
          })),
        ),
        ...scalarsOf(own).map(([property, tensor]) => ({ name: scalarKey(own.key, property), tensor })),
      ].map(described);
      return { own, state, expected };
    });
    requireTensors(
      found,
      restored.flatMap(({ expected }): ExpectedTensor[] => expected),
      `${file}: optimizer`,
    );
    this.restoreWeights(checkpoint, file);
    for (const { own, state, expected } of restored) {
      const tensors = expected.map(({ name }) => [name, toTensor(found!.get(name)!)] as const);
      restoreOptimizer(own, state, new Map(tensors));
    }
    this.#random.restore('loop', checkpoint.state.random.loop ?? '');
  }

  /**
   * Names the slots that a program has loaded itself. Without a list of its own, `minimize` takes all trainable variables in
   * the order of their creation. The first update shows which ones it really takes.
   */
  nameSlots(): void {
    const parameters = this.#updates.parameters();
    for (const own of this.#updates.optimizers) {
      const places = new Set(slotsOf(own).map(({ index }) => index));
      if (own.weights.length === 0 && places.size === parameters.length) own.weights = parameters;
    }
  }

  restoreWeights({ tensors }: Checkpoint, file: string, options: { allowExtra?: boolean } = {}): void {
    assignWeights(this.#weights(), tensors.model, `${file}: model`, options);
  }

  #weights(): Weight[] {
    return [...this.#updates.parameters(), ...this.#updates.buffers()];
  }
}

/** A training loop in named stages, as a trainer. Scenarios are built from it, and faults are injected into it. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { saveCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Deviation, Settings } from '../trace/schema.ts';
import { Gradients } from '../training/gradients.ts';
import type { Observed, Sample, StepClaim, Trainer, TrainerContext } from '../training/trainer.ts';
import { ASSEMBLY, hooks } from './assembly.ts';
import { byName, type Driven, owners, type Parts } from './parts.ts';
import type { Recipe } from './recipe.ts';
import { RESTART } from './restart.ts';
import { accumulated, capture } from './saved.ts';
import { runStages, type Stage } from './stages.ts';
import { type SteppingParts, stepStages } from './step.ts';

/** The stages of a training loop and how it saves. A fault changes them before anything runs. */
export interface LoopStages {
  /** The recipe that the loop was built from. */
  readonly recipe: Recipe;
  /** Builds and restores the parts; runs once. */
  assembly: readonly Stage[];
  /** One loop iteration. */
  step: readonly Stage[];
  /** Builds the contents of a checkpoint. */
  save: (parts: Parts) => Promise<Checkpoint>;
}

/** A recipe, with an optional change of the order in which the loop is assembled. */
export interface LoopRecipe extends Recipe {
  /** Rearranges the stages of the assembly. By default, everything is restored first and hooks are registered last. */
  readonly order?: (assembly: readonly Stage[]) => readonly Stage[];
}

/** A trainer's context, with an optional change of the loop's stages. */
export interface LoopContext extends TrainerContext {
  /** Changes the stages before the loop is assembled. The harness injects faults through it. */
  readonly change?: (stages: LoopStages) => void;
}

/** @throws {Error} when the recipe combines options with which the loop would not train as the recipe says */
function refuse({ fused = 'none', accumulate = 1, phases = [], lossScale }: Recipe): void {
  const several = [
    [fused !== 'none', `fused: '${fused}'`],
    [phases.length > 1, `${phases.length} phases`],
  ] as const;
  const whole = [
    [accumulate > 1, `accumulate: ${accumulate}`],
    [lossScale !== undefined, 'lossScale'],
  ] as const;
  for (const [updatesMore, one] of several) {
    const other = whole.find(([wantsOne]) => wantsOne);
    if (updatesMore && other !== undefined) {
      throw new Error(
        `a recipe cannot combine ${one} and ${other[1]}, because each step would update several times: remove one of them`,
      );
    }
  }
}

/**
 * Builds a training loop of named stages from a recipe, and resumes it if the context holds a checkpoint.
 * @throws {@link CheckpointError} when the checkpoint is damaged or belongs to another loop
 * @throws `Error` when the recipe combines fusing or several phases with accumulation or a loss scale
 * @example
 * ```ts
 * import { adamW, createLoop, defineScenario } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * export default defineScenario({
 *   about: 'Four weights pulled to zero by AdamW',
 *   plan: { steps: 8, resumeAt: 4 },
 *   lacks: ['hooks', 'samples', 'random'],
 *   trainer: (context) =>
 *     createLoop(context, {
 *       batch: 2,
 *       model: {
 *         shapes: new Map([['weight', [4]]]),
 *         initialise: () => Float32Array.of(1, 2, 3, 4),
 *         examples: { size: 16, id: String },
 *         loss: ({ read }) => tf.mean(tf.square(read('weight'))),
 *       },
 *       optimizers: [
 *         {
 *           name: 'main',
 *           groups: [{ name: 'all', owns: () => true, learningRate: 0.01 }],
 *           update: adamW(),
 *           schedule: () => 1,
 *         },
 *       ],
 *     }),
 * });
 * ```
 */
export async function createLoop(context: LoopContext, recipe: LoopRecipe): Promise<Loop> {
  refuse(recipe);
  const stages: LoopStages = {
    recipe,
    assembly: recipe.order?.(ASSEMBLY) ?? ASSEMBLY,
    step: stepStages(recipe),
    save: capture,
  };
  context.change?.(stages);
  const parts = emptyParts(context, recipe);
  await runStages(stages.assembly, parts);
  parts.saved = undefined;
  return new Loop(stages, parts);
}

/** Parts with nothing in them. The first stages of the assembly fill them in. */
function emptyParts(context: TrainerContext, recipe: Recipe): Parts {
  const live = () => parts.parameters;
  const parts: Parts = {
    context,
    recipe,
    gradients: new Gradients(),
    parameters: [],
    buffers: new Map(),
    driven: [],
    registered: [],
    random: new Map(),
    loader: undefined as unknown as Parts['loader'],
    ema: undefined,
    scaler: undefined,
    views: { loss: live, ema: live, save: live, sample: live },
    sampledBuffers: () => parts.buffers,
    fusedGroups: undefined,
    unregister: [],
    start: undefined,
    saved: undefined,
    training: true,
    accumulate: recipe.accumulate ?? 1,
    step: 0,
    updates: 0,
  };
  return parts;
}

/**
 * The trainer that {@link createLoop} returns. Its parts are live, so a fault or a scenario can inspect and change them.
 * @example
 * ```ts
 * import { type Fault, Loop } from 'resumeproof';
 *
 * const applies: Fault['applies'] = (trainer) =>
 *   trainer instanceof Loop && trainer.parts.ema !== undefined;
 * console.log(applies);
 * ```
 */
export class Loop implements Trainer {
  /** The stages that the loop runs. */
  readonly stages: LoopStages;
  /** The parts that the stages build, restore and use. */
  readonly parts: Parts;
  /** Draws samples from fixed inputs. Absent if the model has no `sample`. */
  sample?: () => Promise<readonly Sample[]>;
  /** Goes on with other settings. Absent if the recipe has no `changed`. */
  change?: (settings: Settings) => Promise<void>;

  constructor(stages: LoopStages, parts: Parts) {
    this.stages = stages;
    this.parts = parts;
    if (parts.recipe.model.sample !== undefined) this.sample = () => this.#sample();
    if (parts.recipe.changed !== undefined) this.change = async (settings) => this.#change(settings);
  }

  /** Runs the stages of one step: a micro-batch, with its update if it is due. */
  async step(): Promise<StepClaim> {
    const now = { examples: [], learningRate: {}, losses: [], due: false, overflowed: false };
    const stepping: SteppingParts = Object.assign(this.parts, { now });
    await runStages(this.stages.step, stepping);
    const { examples, learningRate, losses, due, overflowed } = stepping.now;
    const values = await Promise.all(losses.map(async (loss) => (await loss.data())[0]!));
    for (const loss of losses) loss.dispose();
    return {
      loss: values.reduce((sum, value) => sum + value, 0),
      learningRate,
      batch: examples.map((example) => this.parts.recipe.model.examples.id(example)),
      applied: due && !overflowed,
      step: this.parts.step,
    };
  }

  /** Writes a checkpoint to this directory, which must not exist. */
  async save(directory: string): Promise<void> {
    await saveCheckpoint(directory, await this.stages.save(this.parts));
  }

  /** Applies the declared deviations of a resume to a run that continues. */
  async deviate(kinds: readonly Deviation[]): Promise<void> {
    // Round first, because the EMA restarts from the weights as a checkpoint stores them.
    const inOrder = [...kinds].sort((a, b) => Number(b === 'precision') - Number(a === 'precision'));
    for (const kind of inOrder) await RESTART[kind](this.parts);
    if (!kinds.includes('slots')) return;
    // The optimizers have new groups, so the hooks must be registered again.
    for (const unregister of this.parts.unregister.splice(0)) unregister();
    await hooks.run(this.parts);
  }

  #change(settings: Settings): void {
    const { parts } = this;
    parts.recipe = { ...parts.recipe, ...parts.recipe.changed!(settings) };
    parts.accumulate = parts.recipe.accumulate ?? 1;
    const { optimizers } = parts.recipe;
    // Fused groups have an optimizer each, all with the schedule of the one that was split.
    for (const { name, schedule } of parts.driven)
      schedule.follow((optimizers.find((own) => own.name === name) ?? optimizers[0]!).schedule);
  }

  /** Live references to parameters, optimizer slots, EMA, buffers, gradients, random state and counters. */
  observe(): Observed {
    const { parameters, driven, ema, buffers, random, loader, scaler, step, updates } = this.parts;
    const groups = new Map(
      driven.flatMap(({ optimizer }) =>
        optimizer.groups.flatMap((group) => group.parameters.map(({ name }) => [name, group.name])),
      ),
    );
    const ownerOf = new Map(owners(parameters).map(({ name, variable }) => [variable, name]));
    const { buffer, random: shuffle, ...cursor } = loader.state;
    return {
      parameters: parameters.map(({ name, variable }) => {
        const group = groups.get(ownerOf.get(variable)!);
        return { name, variable, ...(group === undefined ? {} : { group }) };
      }),
      slots: driven.flatMap(({ optimizer }) => optimizer.slots()),
      ...(ema === undefined ? {} : { ema: ema.tensors }),
      buffers,
      gradients: accumulated(this.parts),
      random: {
        ...Object.fromEntries([...random].map(([name, stream]) => [name, stream.state()])),
        ...(shuffle === undefined ? {} : { shuffle }),
      },
      counters: {
        step,
        updates,
        'data.epoch': cursor.epoch,
        'data.position': cursor.position,
        ...(buffer === undefined ? {} : { 'data.buffer': buffer.join(' ') }),
        ...(ema === undefined ? {} : { 'ema.updates': ema.updates }),
        ...(scaler === undefined
          ? {}
          : { lossScale: scaler.state.scale, 'lossScale.growth': scaler.state.growth }),
        ...Object.assign({}, ...driven.map(countersOf)),
      },
    };
  }

  async #sample(): Promise<readonly Sample[]> {
    const { recipe, views, sampledBuffers, ema } = this.parts;
    const draw = recipe.model.sample!;
    const buffers = sampledBuffers();
    const buffer = (name: string) => buffers.get(name)!;
    const live = byName(views.sample());
    const samples = await draw(live, buffer, 'weights');
    if (ema === undefined) return samples;
    const averagedWeight = (name: string) =>
      ema.tensors.get(recipe.model.ties?.get(name) ?? name) ?? live(name);
    return [...samples, ...(await draw(averagedWeight, buffer, 'ema'))];
  }
}

function countersOf({ name, optimizer, schedule }: Driven): Record<string, number | string> {
  const { steps } = optimizer.state();
  const trained = optimizer.parameters
    .filter(({ variable }) => variable.trainable)
    .map(({ name }) => steps[name] ?? 0);
  return {
    [`schedule.${name}.lastEpoch`]: schedule.state().lastEpoch,
    [`schedule.${name}.baseRates`]: schedule.state().baseLearningRates.join(' '),
    [`optimizer.${name}.step`]: Math.max(0, ...trained),
    // Each parameter has its own count. This one reveals a parameter that is behind the others.
    [`optimizer.${name}.step.least`]: trained.length === 0 ? 0 : Math.min(...trained),
    ...Object.fromEntries(
      optimizer.groups.flatMap(({ name, learningRate, weightDecay }) => [
        [`learningRate.${name}`, learningRate],
        [`weightDecay.${name}`, weightDecay],
      ]),
    ),
  };
}

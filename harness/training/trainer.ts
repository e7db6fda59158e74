/** The interfaces between the harness and a trainer, and of a scenario. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../backend/names.ts';
import type { Deviation, Observable, Plan, Role, Settings, SettingsChange } from '../trace/schema.ts';
import type { Command } from './command.ts';

/** What a trainer reports about one loop iteration. The harness compares it with its own measurements. */
export interface StepClaim {
  /** The loss, as logged. */
  readonly loss: number;
  /** The learning rate, as logged, by parameter group. A single number applies to all groups. */
  readonly learningRate: number | Readonly<Record<string, number>>;
  /** The ids of the examples in the batch. */
  readonly batch?: readonly string[];
  /** Whether an optimizer updated parameters in this iteration. Default true. */
  readonly applied?: boolean;
  /** The trainer's own step counter after this iteration. */
  readonly step?: number;
}

/** What a trainer draws to show what the model has learned. */
export type Sample = SampledImage | SampledAudio | SampledText;

/** A sample: an image with 8 bits per channel. */
export interface SampledImage {
  /** A name that is the same in every call and unique among the samples of a call. */
  readonly name: string;
  /** The width in pixels, at most 4096. */
  readonly width: number;
  /** The height in pixels, at most 4096. */
  readonly height: number;
  /** 1 for grayscale, 3 for RGB, 4 for RGBA. */
  readonly channels: 1 | 3 | 4;
  /** Rows from the top, channels interleaved: width × height × channels bytes. */
  readonly pixels: Uint8Array;
}

/** A sample: audio with 16 bits per PCM sample. */
export interface SampledAudio {
  /** A name that is the same in every call and unique among the samples of a call. */
  readonly name: string;
  /** In Hz, at most 768,000. */
  readonly sampleRate: number;
  /** The number of channels, at most 32. */
  readonly channels: number;
  /** PCM samples, channels interleaved, at most an hour. Floats from −1 to 1 are rounded to 16 bits. */
  readonly pcm: Float32Array | Int16Array;
}

/** A sample: a text. */
export interface SampledText {
  /** A name that is the same in every call and unique among the samples of a call. */
  readonly name: string;
  /** At most 1,000,000 characters. */
  readonly text: string;
}

/**
 * Live references into a trainer. The harness requests them each time it needs them, because a restore can replace any
 * variable or tensor.
 */
export interface Observed {
  /** All parameters, including frozen ones. Tied names share a variable. */
  readonly parameters: readonly {
    readonly name: string;
    readonly variable: Variable;
    readonly group?: string;
    /** Whether the parameter is trained. By default, the variable's own `trainable` flag. */
    readonly trainable?: boolean;
  }[];
  /** The optimizer slots, such as the moments of Adam. */
  readonly slots?: readonly { readonly slot: string; readonly parameter: string; readonly tensor: Tensor }[];
  /** The EMA of the weights, by parameter name. */
  readonly ema?: ReadonlyMap<string, Tensor>;
  /** State outside the parameters, such as running statistics. */
  readonly buffers?: ReadonlyMap<string, Tensor>;
  /** Gradients accumulated and not yet applied, by parameter name. */
  readonly gradients?: ReadonlyMap<string, Tensor>;
  /** The complete state of each random generator. */
  readonly random?: Readonly<Record<string, string>>;
  /** All other values that a resume must restore: step, schedule, data cursor, loss scale. */
  readonly counters?: Readonly<Record<string, number | string | boolean | null>>;
}

/** A training program as the harness runs it. */
export interface Trainer {
  /** Runs one loop iteration: a micro-batch, and an update if one is due. */
  step(): Promise<StepClaim>;
  /**
   * Writes a checkpoint, a file or a folder, to a path that does not exist yet. Resolves once all of it is written: a
   * process can be killed right after. What is written in the background must be awaited.
   */
  save(path: string): Promise<void>;
  /** Returns everything that training changes or that a resume must restore. */
  observe(): Observed;
  /** Draws samples from fixed inputs. Must leave everything that {@link Trainer.observe} returns as it was. */
  sample?(): Promise<readonly Sample[]>;
  /**
   * Applies the deviations that the scenario declares in `deviates` to a run that continues, exactly as a resume would:
   * restarts the data, for example, or rounds weights as the checkpoint stores them. The control calls it at each resume
   * point. Required if the scenario declares deviations.
   */
  deviate?(kinds: readonly Deviation[]): Promise<void>;
  /**
   * Gives a run that continues the settings that a process has which resumes here. The control calls it at the step of
   * each change, with what {@link TrainerContext.changed} holds in that process. Required if the plan has `changes`.
   */
  change?(settings: Settings): Promise<void>;
}

/** What the harness passes to the function that builds a trainer. */
export interface TrainerContext {
  /** The role of this process. */
  readonly role: Role;
  /** The scenario's seed. */
  readonly seed: number;
  /** The plan of the whole run. `steps` is the length that the run has where this process starts. */
  readonly plan: Plan;
  /** The folder of images passed with `--images`; undefined without that option. */
  readonly images: string | undefined;
  /** The path of the checkpoint to resume from; undefined in a run that starts. */
  readonly checkpoint: string | undefined;
  /** True in the `cold` run: restore only the checkpoint's weights, and start everything else from its initial state. */
  readonly weightsOnly: boolean;
  /**
   * The settings that the run has changed where this process starts, such as `{ steps: 12, batchSize: 4 }`. Empty if the
   * plan has no `changes` up to there.
   */
  readonly changed?: Settings;
}

/** How many steps a run has, and where it is resumed: a chain, in which each process resumes from the one before. */
export interface ScenarioPlan {
  /** The number of loop iterations (micro-batches) of the whole run. */
  readonly steps: number;
  /** The steps after which the run is saved, stopped and resumed. */
  readonly resumeAt: number | readonly number[];
  /** What resumes change, by ascending step: the length, the batch size or the accumulation. Nothing by default. */
  readonly changes?: readonly SettingsChange[];
}

/** One process of a {@link ScenarioHistory}. */
export interface ScenarioProcess {
  /** Unique in the history: 1 to 64 letters, digits, dots, dashes and underscores, with a letter or digit first. */
  readonly id: string;
  /** A process listed before, and one of its saves, to resume from. The first process starts from nothing. */
  readonly from?: { readonly process: string; readonly step: number } | null;
  /** The step after which it ends. With the step of `from`, it loads and trains nothing. By default, the last step. */
  readonly until?: number;
  /** The steps after which it saves, ascending. It goes on after each, up to `until`. By default, it never saves. */
  readonly saves?: readonly number[];
  /** Whether it is killed after `until` (SIGKILL) instead of ending. Default false. */
  readonly killed?: boolean;
  /**
   * With `killed`: it is killed in a save after `until`, before this operation on files, counted from 1. If the save
   * does fewer, it is killed once the save has resolved. That checkpoint is not kept. What a command has left of it is in
   * the folder of the process that resumes from the save before it.
   */
  readonly inSave?: number;
  /** The backend that it runs on. By default, the backend of the run. */
  readonly backend?: BackendName;
}

/** Any other plan: what each process of the interrupted run does. */
export interface ScenarioHistory {
  /** The number of loop iterations (micro-batches) of the whole run. */
  readonly steps: number;
  /** The processes, each after the one that it resumes from. */
  readonly processes: readonly ScenarioProcess[];
  /** What resumes change, by ascending step: the length, the batch size or the accumulation. Nothing by default. */
  readonly changes?: readonly SettingsChange[];
}

/** A trainer, and the plan that the harness runs it with. */
export interface Scenario {
  /** One sentence for lists and reports. */
  readonly about: string;
  /** Builds the trainer, and resumes it if the context has a checkpoint. */
  readonly trainer: (context: TrainerContext) => Promise<Trainer>;
  /** How many steps a run has, and where it is resumed, or what each process does. */
  readonly plan: (ScenarioPlan | ScenarioHistory) & {
    /** A shorter plan for a GPU in software, where a step can take seconds. By default, the same plan. */
    readonly onSoftwareGpu?: ScenarioPlan | ScenarioHistory;
  };
  /**
   * The expected verdict: 'proven' (the default), or the ids of the rules that must have findings. The first rule must
   * have the headline. The verdict must then be refuted, or inconclusive if these rules can only leave the proofs open.
   */
  readonly expect?: 'proven' | readonly [string, ...string[]];
  /** The kinds of state and events that this trainer lacks. A kind that is neither seen nor declared is a finding. */
  readonly lacks?: readonly Observable[];
  /**
   * The kinds of state that this trainer does not restore on purpose. The control resets them at each resume point with
   * {@link Trainer.deviate}, and the resumed run must equal it. A declared deviation that does not happen is a finding.
   */
  readonly deviates?: readonly Deviation[];
  /** Names of counters that count resumes. They differ from the control's, and are not compared. */
  readonly countsResumes?: readonly string[];
  /**
   * Settings that a resume may change, which `fuzz` then tries. Requires {@link Trainer.change}. What the plan changes
   * need not be named.
   */
  readonly mayChange?: readonly ('steps' | 'batchSize' | 'accumulation')[];
  /** TensorFlow.js kernels that a backend may lack. On a backend without one of them, the scenario is skipped. */
  readonly kernels?: readonly string[];
  /** Whether to also run a cold start, which restores only the checkpoint's weights. Default false. */
  readonly cold?: boolean;
  /**
   * Whether the processes of the scenario share the working, home and temporary folders of the command. By default,
   * each process has empty ones of its own, so that state gets to the next process only through the checkpoint. Default
   * false.
   */
  readonly sharesFolders?: boolean;
  /** The seed that the trainer receives, an integer. Default 0. */
  readonly seed?: number;
  /** The backend of each resume. A list that is too short repeats. By default, the backend of the run. */
  readonly resumeOn?: BackendName | readonly [BackendName, ...BackendName[]];
  /** Time limits in seconds: for one step (default 120) and for a whole process (default 900). */
  readonly limits?: { readonly step?: number; readonly run?: number };
}

/** A command, and the plan that the harness runs it with. */
export interface CommandScenario extends Pick<Scenario, 'about' | 'expect' | 'seed'> {
  /** The training program. */
  readonly command: Command;
  /**
   * How many steps a run has, and where it is resumed, or what each process does. The program must save after each of
   * these steps. It cannot change settings.
   */
  readonly plan: Omit<ScenarioPlan, 'changes'> | Omit<ScenarioHistory, 'changes'>;
  /** Time limits in seconds: for one step (default 600, start-up included) and for a whole process (default 3600). */
  readonly limits?: { readonly step?: number; readonly run?: number };
}

/**
 * Returns its argument, with the type of a scenario whose trainer is a command.
 * @example
 * ```ts
 * import { defineScenario } from 'resumeproof';
 *
 * export default defineScenario({
 *   about: 'The trainer of Hugging Face, resumed twice',
 *   plan: { steps: 14, resumeAt: [6, 10] },
 *   command: {
 *     program: 'python',
 *     args: ['train.py', '--output_dir', '{run}', '--max_steps', '14', '--save_steps', '2'],
 *     resumeWith: ['--resume_from_checkpoint', '{checkpoint}'],
 *   },
 * });
 * ```
 */
export function defineScenario(scenario: CommandScenario): CommandScenario;
/**
 * Returns its argument, with the type of a scenario. A scenario file exports the result as its default.
 * @example
 * ```ts
 * import { defineScenario, variablesTrainer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * export default defineScenario({
 *   about: 'Gradient descent, resumed twice',
 *   plan: { steps: 12, resumeAt: [4, 8] },
 *   lacks: ['hooks', 'samples', 'slots', 'batches', 'random'],
 *   trainer: (context) =>
 *     variablesTrainer(context, {
 *       build: () => ({ weight: tf.variable(tf.ones([3])), optimizer: tf.train.sgd(0.1) }),
 *       async loop({ weight, optimizer }, hold) {
 *         await hold();
 *         while (true) {
 *           const loss = optimizer.minimize(() => tf.sum(tf.square(weight)), true)!;
 *           await hold({ loss: (await loss.data())[0]! });
 *         }
 *       },
 *     }),
 * });
 * ```
 */
export function defineScenario(scenario: Scenario): Scenario;
export function defineScenario(scenario: Scenario | CommandScenario): Scenario | CommandScenario {
  return scenario;
}

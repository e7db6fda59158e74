/** The contract between a trainer and the harness, and what a scenario is. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../backend/names.ts';
import type { Deviation, Observable, Plan, Role } from '../trace/schema.ts';

/** What one loop iteration says of itself. The harness checks it against what it measures. */
export interface StepClaim {
  /** The loss, as logged. */
  readonly loss: number;
  /** The learning rate, as logged, by parameter group; a number where there is one group. */
  readonly learningRate: number | Readonly<Record<string, number>>;
  /** Ids of the batch's examples. */
  readonly batch?: readonly string[];
  /** Whether an optimizer updated parameters in this iteration. Default true. */
  readonly applied?: boolean;
  /** The trainer's own step counter after this iteration. */
  readonly step?: number;
}

/** One image with 8 bits per channel, rows from the top. */
export interface SampledImage {
  /** The same name in each call. */
  readonly name: string;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1 for grayscale, 3 for RGB, 4 for RGBA. */
  readonly channels: 1 | 3 | 4;
  /** Row-major, channels interleaved; width × height × channels bytes. */
  readonly pixels: Uint8Array;
}

/**
 * Live references into a trainer. The harness asks for them anew each time, since a restore may replace everything.
 */
export interface Observed {
  /** All parameters, frozen ones too. Tied names share a variable. */
  readonly parameters: readonly {
    readonly name: string;
    readonly variable: Variable;
    readonly group?: string;
    /** The variable's own flag by default; given where something else decides, as layers do. */
    readonly trainable?: boolean;
  }[];
  /** The optimizers' slots, such as moments. */
  readonly slots?: readonly { readonly slot: string; readonly parameter: string; readonly tensor: Tensor }[];
  /** The EMA of the weights, by parameter name. */
  readonly ema?: ReadonlyMap<string, Tensor>;
  /** State outside the parameters: running statistics and the like. */
  readonly buffers?: ReadonlyMap<string, Tensor>;
  /** Gradients accumulated and not yet applied, by parameter name. */
  readonly gradients?: ReadonlyMap<string, Tensor>;
  /** The complete state of each random generator. */
  readonly random?: Readonly<Record<string, string>>;
  /** Step, schedule, data cursor, loss scale: whatever must come back as it was. */
  readonly counters?: Readonly<Record<string, number | string | boolean | null>>;
}

/** A training program as the harness runs it. */
export interface Trainer {
  /** One loop iteration: a micro-batch, with its update if it is due. */
  step(): Promise<StepClaim>;
  /** Writes a checkpoint, a file or a folder, to this path, where nothing exists yet. */
  save(path: string): Promise<void>;
  /** Everything that training changes or that a resume must restore. */
  observe(): Observed;
  /** Fixed images of what is trained; must not change the training's random state. */
  sample?(): Promise<readonly SampledImage[]>;
  /**
   * Does, in a run that goes on, exactly what a resume of this trainer does to what the scenario declares in
   * `deviates`: restarts the data, or rounds weights as the checkpoint stores them. Needed where something is declared: the
   * control calls it at each resume point.
   */
  deviate?(kinds: readonly Deviation[]): Promise<void>;
}

/** What the harness asks a trainer to be. */
export interface TrainerContext {
  /** What the process is for. */
  readonly role: Role;
  /** The scenario's seed. */
  readonly seed: number;
  /** The plan of the whole run. */
  readonly plan: Plan;
  /** A folder of images given by `--images`, if any. */
  readonly images: string | undefined;
  /** The checkpoint to resume from; undefined in a run that starts. */
  readonly checkpoint: string | undefined;
  /** Restore only the checkpoint's weights and begin everything else anew: the `cold` run. */
  readonly weightsOnly: boolean;
}

/** The steps of a run and where it is resumed. */
export interface ScenarioPlan {
  /** Loop iterations (micro-batches) of the whole run. */
  readonly steps: number;
  /** The steps after which the run is saved, stopped and resumed. */
  readonly resumeAt: number | readonly number[];
}

/** A trainer and the plan by which it is saved, stopped, resumed and judged. */
export interface Scenario {
  /** One sentence for lists and reports. */
  readonly about: string;
  /** Builds the trainer as its own program would; resumes if the context holds a checkpoint. */
  readonly trainer: (context: TrainerContext) => Promise<Trainer>;
  /** The steps of a run and where it is resumed. */
  readonly plan: ScenarioPlan & {
    /** A shorter plan where the GPU is emulated in software, on which a step takes seconds; the plan by default. */
    readonly onSoftwareGpu?: ScenarioPlan;
  };
  /**
   * 'proven' by default; or the ids of rules that must find something, the first as the headline. The verdict must then be
   * refuted, or inconclusive where all of these rules leave the proofs open.
   */
  readonly expect?: 'proven' | readonly [string, ...string[]];
  /** What this trainer does not have. Anything that is neither seen nor declared is a finding. */
  readonly lacks?: readonly Observable[];
  /**
   * What this trainer does not restore, on purpose. The control does the same at each resume point (see
   * {@link Trainer.deviate}), and the resumed run must equal it. A declared deviation that does not happen is a finding.
   */
  readonly deviates?: readonly Deviation[];
  /**
   * TensorFlow.js kernels that a backend may lack. Where one is missing, the scenario is reported as skipped.
   */
  readonly kernels?: readonly string[];
  /** Also run a cold start from the checkpoint's weights alone. Default false. */
  readonly cold?: boolean;
  /** Default 0. */
  readonly seed?: number;
  /** The backend of each resume; the list repeats where there are more resumes. The run's own by default. */
  readonly resumeOn?: BackendName | readonly [BackendName, ...BackendName[]];
  /** In seconds: one step (default 120) and a whole process (default 900). */
  readonly limits?: { readonly step?: number; readonly run?: number };
}

/**
 * Gives a scenario its type. A scenario file exports the result as its default.
 * @example
 * ```ts
 * import { defineScenario, variablesTrainer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * export default defineScenario({
 *   about: 'Gradient descent, resumed twice',
 *   plan: { steps: 12, resumeAt: [4, 8] },
 *   lacks: ['hooks', 'images', 'slots', 'batches', 'random'],
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
export function defineScenario(scenario: Scenario): Scenario {
  return scenario;
}

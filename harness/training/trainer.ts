/** The contract between a trainer and the harness, and what a scenario is. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BackendName } from '../backend/names.ts';
import type { Deviation, Observable, Plan, Role } from '../trace/schema.ts';

/** What one loop iteration says of itself. Recorded as a claim: it is checked against what is measured. */
export interface StepClaim {
  readonly loss: number;
  /** The learning rate that is logged, by parameter group; a number where there is one group. */
  readonly learningRate: number | Readonly<Record<string, number>>;
  /** Ids of the batch's examples. */
  readonly batch?: readonly string[];
  /** Whether an optimizer updated parameters in this iteration. Default true. */
  readonly applied?: boolean;
  /** The trainer's own step counter after this iteration. */
  readonly step?: number;
}

/** One image, 8 bits a channel, rows from the top. */
export interface SampledImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
}

/** Live references into a trainer, asked for anew each time: a restore may have replaced everything. */
export interface Observed {
  readonly parameters: readonly {
    readonly name: string;
    readonly variable: Variable;
    readonly group?: string;
    /** The variable's own flag by default; given where something else decides, as layers do. */
    readonly trainable?: boolean;
  }[];
  readonly slots?: readonly { readonly slot: string; readonly parameter: string; readonly tensor: Tensor }[];
  /** EMAs of the weights (EMA), by parameter name. */
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

export interface Trainer {
  /** One loop iteration: a micro-batch, with its update if it is due. */
  step(): Promise<StepClaim>;
  /** Writes a checkpoint to this path, where nothing is yet: one file or a folder, as the trainer likes. */
  save(path: string): Promise<void>;
  observe(): Observed;
  /** Fixed images of what is trained; must not touch the training's random state. */
  sample?(): Promise<readonly SampledImage[]>;
  /**
   * Does, in a run that goes on, what a resume of this trainer does to what the scenario declares in `deviates`,
   * and nothing else: the data begin anew, weights are rounded as the checkpoint stores them. Needed where
   * something is declared: the control does it at each resume point.
   */
  deviate?(kinds: readonly Deviation[]): Promise<void>;
}

export interface TrainerContext {
  readonly role: Role;
  readonly seed: number;
  readonly plan: Plan;
  /** A folder of images given by `--images`, if any. */
  readonly images: string | undefined;
  /** The checkpoint to resume from; undefined in a run that starts. */
  readonly checkpoint: string | undefined;
  /** Take the checkpoint's weights alone and everything else new: the `cold` run. */
  readonly weightsOnly: boolean;
}

export interface ScenarioPlan {
  /** Loop iterations (micro-batches) of the whole run. */
  readonly steps: number;
  /** The steps after which the run is saved, stopped and resumed. */
  readonly resumeAt: number | readonly number[];
}

export interface Scenario {
  /** One sentence for lists and reports. */
  readonly about: string;
  /** Builds the trainer as its own program would; resumes if the context holds a checkpoint. */
  readonly trainer: (context: TrainerContext) => Promise<Trainer>;
  readonly plan: ScenarioPlan & {
    /** A shorter plan where the GPU is emulated in software, on which a step takes seconds; the plan by default. */
    readonly onSoftwareGpu?: ScenarioPlan;
  };
  /**
   * 'proven' by default; or rule ids that must be found, the first of them as the headline. Where all of them
   * leave the proofs open, as a fault in the training itself does, the verdict must be inconclusive, else refuted.
   */
  readonly expect?: 'proven' | readonly [string, ...string[]];
  /** What this trainer has not got. What is neither seen nor declared is a finding. */
  readonly lacks?: readonly Observable[];
  /**
   * What this trainer does not restore, on purpose. It waives nothing else: the control does the same at each
   * resume point (see {@link Trainer.deviate}), and the resumed run must equal it. What is declared and does not
   * happen is a finding.
   */
  readonly deviates?: readonly Deviation[];
  /** TensorFlow.js kernels that a backend may lack; without them the scenario is skipped, aloud. */
  readonly kernels?: readonly string[];
  /** Also run a cold start from the checkpoint's weights alone. Default false. */
  readonly cold?: boolean;
  /** Default 0. */
  readonly seed?: number;
  /**
   * The backend on which each resume takes place, over again from the first where there are more resumes: the
   * run is saved on one and goes on on another. All on the run's own by default.
   */
  readonly resumeOn?: BackendName | readonly [BackendName, ...BackendName[]];
  /** In seconds: one step (default 120) and a whole process (default 900). */
  readonly limits?: { readonly step?: number; readonly run?: number };
}

/** Gives a scenario its type; a scenario file's default export. */
export function defineScenario(scenario: Scenario): Scenario {
  return scenario;
}

/** Defines faults: resume bugs that are put into real trainers to prove that the rules find them. */
import type { Trainer, TrainerContext } from '../training/trainer.ts';

/** Builds a trainer, as {@link Scenario.trainer} does. */
export type Build = (context: TrainerContext) => Promise<Trainer>;

/** A resume bug that is put into a real trainer to prove that the rules find it. */
export interface Fault {
  /** What a resumed run does wrong, in one sentence. */
  readonly breaks: string;
  /** Public reports of this bug, as `owner/repository#number`. Default: none. */
  readonly reports?: readonly string[];
  /** The proofs that the fault must refute. */
  readonly proofs: readonly ('restored' | 'alive' | 'faithful')[];
  /** The rule of the first finding. Several rules if it depends on the trainer. */
  readonly rule: string | readonly string[];
  /** The cause that the verdict must name. Several causes if it depends on the trainer. */
  readonly cause: string | readonly string[];
  /**
   * Whether the fault also changes what is saved. If so, the process that saves runs with the fault, as do the
   * processes that resume. Default: false.
   */
  readonly saves?: boolean;
  /**
   * Whether a trainer has what the fault breaks. Asked of a healthy trainer after its assembly. If not, `whyNot` may say
   * why: what a scenario is or does instead, such as `has no EMA`. The matrix groups by it.
   */
  applies(trainer: Trainer): boolean | { readonly whyNot: string };
  /**
   * Puts the fault into a trainer. Called in the processes that resume and, with {@link Fault.saves}, in the process
   * that saves, but never in a control. The rules see only the trace and do not know the fault.
   */
  inject(build: Build): Build;
}

/**
 * Gives a fault its type. A fault file exports the result as its default. The file's name, in kebab case, is the
 * fault's id.
 * @example
 * ```ts
 * // faults/checkpoint-ignored.ts
 * import { defineFault } from 'resumeproof';
 *
 * export default defineFault({
 *   breaks: 'The checkpoint is not read, and the run starts from scratch.',
 *   proofs: ['restored'],
 *   rule: 'parameters-not-restored',
 *   cause: 'nothing-restored',
 *   applies: () => true,
 *   inject: (build) => (context) => build({ ...context, checkpoint: undefined }),
 * });
 * ```
 */
export const defineFault = (fault: Fault): Fault => fault;

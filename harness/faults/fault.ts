/** What a fault is: a resume bug that is put into a real trainer, to prove that the rules find it. */
import type { Trainer, TrainerContext } from '../training/trainer.ts';

/** Builds a trainer, as {@link Scenario.trainer} does. */
export type Build = (context: TrainerContext) => Promise<Trainer>;

/** A resume bug that is put into a real trainer, to prove that the rules find it. */
export interface Fault {
  /** What a resumed run does wrong, in one sentence. */
  readonly breaks: string;
  /** Public reports that it is modelled on, as `owner/repository#number`. Default: none. */
  readonly reports?: readonly string[];
  /** The proofs that it must refute. */
  readonly proofs: readonly ('restored' | 'alive' | 'faithful')[];
  /** The rule that must head the findings; several where it depends on what the trainer is. */
  readonly rule: string | readonly string[];
  /** The cause, of the table of causes, that the headline must name; several likewise. */
  readonly cause: string | readonly string[];
  /**
   * The fault acts on what is written as well, so the process that trains and saves also runs with it. Without this,
   * only the processes that resume do. Default false.
   */
  readonly saves?: boolean;
  /** Whether a trainer has what the fault breaks. Asked of a healthy trainer after its assembly. */
  applies(trainer: Trainer): boolean;
  /**
   * The same trainer with the fault in it. Called in the processes that resume and, for a fault that sets
   * {@link Fault.saves}, in the one before them; never in a control. The rules see only the trace: nothing tells them
   * which fault there is.
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
 *   breaks: 'The checkpoint is not read: the run starts from scratch.',
 *   proofs: ['restored'],
 *   rule: 'parameters-not-restored',
 *   cause: 'nothing-restored',
 *   applies: () => true,
 *   inject: (build) => (context) => build({ ...context, checkpoint: undefined }),
 * });
 * ```
 */
export const defineFault = (fault: Fault): Fault => fault;

/** What a fault is: a resume bug that is put into a real trainer, to prove that the rules find it. */
import type { Trainer, TrainerContext } from '../training/trainer.ts';

export type Build = (context: TrainerContext) => Promise<Trainer>;

export interface Fault {
  /** Kebab case; the name of its file. */
  readonly id: string;
  /** What a resumed run does wrong, in one sentence. */
  readonly breaks: string;
  /** Public reports that it is modelled on, as `owner/repository#number`; none for close kin of reported ones. */
  readonly reports: readonly string[];
  /** The proofs that it must refute. */
  readonly proofs: readonly ('restored' | 'alive' | 'faithful')[];
  /** The rule that must head the findings; several where it depends on what the trainer is. */
  readonly rule: string | readonly string[];
  /** The cause, of the table of causes, that the headline must name; several likewise. */
  readonly cause: string | readonly string[];
  /**
   * It acts on what is written as well, so that the process that trains and saves is run with it, too; without this
   * only those that resume are. Default false.
   */
  readonly saves?: boolean;
  /** Whether a trainer has what this breaks; asked of a healthy one, once it is assembled. */
  applies(trainer: Trainer): boolean;
  /**
   * The same trainer with the fault in it. Called in the processes that resume and, for a fault that
   * {@link saves}, in the one before them; never in a control. What is broken shows in the trace alone: nothing tells a rule which fault there is.
   */
  inject(build: Build): Build;
}

/** Gives a fault its type; a fault file's default export. */
export const defineFault = (fault: Fault): Fault => fault;

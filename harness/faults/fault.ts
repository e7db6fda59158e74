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
  /** Whether a trainer has what this breaks; asked of a healthy one, once it is assembled. */
  applies(trainer: Trainer): boolean;
  /**
   * The same program with the fault in it. Called in the processes that save and in those that resume; a control
   * does neither. What is broken shows in the trace alone: nothing tells a rule which fault there is.
   */
  inject(build: Build): Build;
}

/** Gives a fault its type; a fault file's default export. */
export const defineFault = (fault: Fault): Fault => fault;

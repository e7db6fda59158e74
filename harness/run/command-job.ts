/** What one process of a command does, besides the command itself. */
import type { Command } from '../training/command.ts';
import type { Part } from './parts.ts';

/** How a process is stopped after a save. */
export const STOPS = ['pass', 'exit', 'signal'] as const;

/** What the control showed, which the recorder of every other process is told. */
export interface Told {
  readonly lacks: readonly string[];
  readonly random: readonly string[];
}

/** What a process had left when it had saved. */
export interface Left {
  /** A copy of the folder that it writes to, or that folder if it ended then. */
  readonly folder: string;
  /** What it had saved, as a path from there; undefined if it was not found there. */
  readonly checkpoint: string | undefined;
  /** Whether some of it was removed since, and the save in which the process was killed had written another one. */
  readonly isReplaced?: boolean;
}

export interface CommandJob {
  readonly scenario: string;
  readonly command: Command;
  readonly part: Part;
  /** The steps of the whole run. */
  readonly horizon: number;
  readonly seed: number;
  /** Undefined in the control. */
  readonly told: Told | undefined;
  /** What it resumes from; undefined if it starts from nothing. */
  readonly left: Left | undefined;
  /** The step after which it gets SIGTERM; undefined if it is stopped in another way. */
  readonly signalAt: number | undefined;
  /** The steps of this process from which others resume. */
  readonly resumedAt: readonly number[];
  /** Of the trace. */
  readonly folder: string;
}

/** Where the process goes on after a save that others resume from, and where it is killed. */
export const holdsOf = (job: CommandJob): number[] => {
  const { part, resumedAt, signalAt } = job;
  const steps = resumedAt.filter((step) => isCopied(job, step));
  // In a save, the recorder does it.
  if (part.killed === true && part.inSave === undefined) steps.push(part.until);
  if (signalAt !== undefined) steps.push(signalAt);
  return [...new Set(steps)].sort((a, b) => a - b);
};

/** At its last save, the process ends and leaves its folder. */
export const isCopied = ({ resumedAt, part }: CommandJob, step: number): boolean =>
  step < part.until && resumedAt.includes(step);

/** Whether a process ends because it has saved for another one: then its scenario says how. */
export const isStoppedAtSave = ({ killed, saves, until }: Part): boolean =>
  killed !== true && saves.includes(until);

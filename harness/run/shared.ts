/** Processes that start from nothing, run once for all histories of a scenario in which they do the same. */
import path from 'node:path';
import { endOf, type History, inner } from '../trace/history.ts';
import { isControl } from '../trace/roles.ts';
import type { Part } from './parts.ts';

/** What the histories of one scenario share. */
export interface Shared {
  /** Runs a process in a folder of its own, unless one that does the same has been run. All results are of one type. */
  once<Result>(history: History, part: Part, run: (folder: string) => Promise<Result>): Promise<Result>;
}

export function shared(folder: string): Shared {
  const begun = new Map<string, Promise<unknown>>();
  return {
    once<Result>({ steps, changes = [] }: History, part: Part, run: (folder: string) => Promise<Result>) {
      const key = JSON.stringify([steps, changes, part]);
      const before = begun.get(key);
      if (before !== undefined) return before as Promise<Result>;
      const now = run(path.join(folder, String(begun.size + 1)));
      begun.set(key, now);
      return now;
    },
  };
}

/** All steps after which a process of such a run can resume. */
export const everyStep = (history: Pick<History, 'steps' | 'changes'>): number[] => inner(endOf(history));

/**
 * The part with all that a history can ask of it: a control is asked for its state after each step, and after the last
 * one if a process resumes there.
 */
export const forAll = (history: History, part: Part): Part =>
  isControl(part.role) ? { ...part, passes: [...new Set([...everyStep(history), ...part.passes])] } : part;

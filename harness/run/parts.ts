/** What each process of a scenario does, by the history of the interrupted run. It says nothing of how one is started. */
import {
  ascending,
  endOf,
  type History,
  type HistoryProcess,
  passesOf,
  resumePoints,
  resumesIn,
} from '../trace/history.ts';
import { idOf } from '../trace/plan.ts';
import type { Role } from '../trace/schema.ts';

/** All that a program must be told to run one process, however it is started. */
export interface Part extends HistoryProcess {
  readonly role: Role;
  /** The steps after which it records its state in passing. */
  readonly passes: readonly number[];
}

/** The control, or its n-th twin, on a backend of its own if one is named. */
export function controlPart(history: History, twin = 0, backend?: string): Part {
  return {
    ...whole(history, twin === 0 ? 'control' : 'twin', twin),
    passes: passesOf(history),
    ...(backend === undefined ? {} : { backend }),
  };
}

/** Saves after each step after which a process of the history saves, goes on to the end, and never samples. */
export const saverPart = (history: History): Part => ({
  ...whole(history, 'saver'),
  saves: ascending(history.processes.flatMap(({ saves }) => saves)),
});

/** Resumes from the saver's last save. */
export const againPart = (history: History): Part => ({
  ...whole(history, 'again'),
  from: { process: idOf('saver', 0), step: resumePoints(history).at(-1)! },
});

/** Starts from the weights of the checkpoint that is resumed from first. */
export function coldPart(history: History): Part {
  const [{ from, backend }] = resumesIn(history) as [ReturnType<typeof resumesIn>[number]];
  return {
    ...whole(history, 'cold'),
    from,
    passes: passesOf(history).filter((step) => step > from.step && step < endOf(history)),
    ...(backend === undefined ? {} : { backend }),
  };
}

/** A process of the interrupted run. */
export const historyPart = (history: History, process: HistoryProcess): Part => ({
  ...process,
  role: process.from === null ? 'before' : 'after',
  passes: passesOf(history).filter(
    (step) => step > (process.from?.step ?? 0) && step < process.until && !process.saves.includes(step),
  ),
});

const whole = (history: History, role: Role, number = 0): Part => ({
  role,
  id: idOf(role, number),
  from: null,
  until: endOf(history),
  saves: [],
  passes: [],
});

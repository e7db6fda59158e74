/** The further controls of a scenario: they measure the noise between equal runs. */
import { agree, NOISY_CONTROLS } from '../judge/noise/noise.ts';
import { backendsIn, type History } from '../trace/history.ts';
import { controlPart } from './parts.ts';
import type { ProcessResult } from './process.ts';
import type { Start } from './start.ts';

export interface Controls {
  /** On the control's own backend, if equal programs need not give equal bits there. */
  readonly twin: Promise<ProcessResult> | undefined;
  /** One on each other backend of the history: the difference between backends counts as noise. */
  readonly elsewhere: readonly Promise<ProcessResult>[];
}

/** Starts the controls that are always needed, once the control's backend is known. */
export function startControls(
  history: History,
  backend: { readonly name: string; readonly deterministic: boolean },
  start: Start,
): Controls {
  return {
    twin: backend.deterministic ? undefined : start(controlPart(history, 1)),
    elsewhere: backendsBeside(history, backend.name).map((name, index) =>
      start(controlPart(history, NOISY_CONTROLS + index, name)),
    ),
  };
}

/** All further controls, once they have ended. */
export async function endedControls(
  history: History,
  control: ProcessResult,
  started: Controls | undefined,
  start: Start,
): Promise<readonly ProcessResult[]> {
  if (started === undefined) return [];
  return [
    ...(await twinsOf(history, control, started.twin, start)),
    ...(await Promise.all(started.elsewhere)),
  ];
}

/** If the twin differs from the control, further twins measure the noise. If they agree, none are needed. */
async function twinsOf(
  history: History,
  control: ProcessResult,
  first: Promise<ProcessResult> | undefined,
  start: Start,
): Promise<readonly ProcessResult[]> {
  if (first === undefined) return [];
  const twin = await first;
  if (twin.trace.end === undefined || agree([control.trace, twin.trace])) return [twin];
  const further = Array.from({ length: NOISY_CONTROLS - 2 }, (_, index) =>
    start(controlPart(history, index + 2)),
  );
  return [twin, ...(await Promise.all(further))];
}

const backendsBeside = (history: History, own: string): string[] =>
  backendsIn(history).filter((backend) => backend !== own);

/** Turns the gate and its traces into the page's plain data: cleaned texts, samples within bounds, curves. */
import { join, resolve } from 'node:path';
import type { Gate, Verdict } from '../judge/verdict.ts';
import { historyOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { openSampleFiles, type SamplePanel, samplePanel } from './samples/panel.ts';
import { type Curve, curves } from './series.ts';
import { linkTo, tame, visible } from './text.ts';

const STDERR_LINES = 30;
const MAX_RUNS = 100;

export interface RunRow {
  readonly name: string;
  readonly outcome: string;
  /** The process ended by itself with exit code 0, and its trace is complete. */
  readonly sound: boolean;
  readonly exit: string;
  readonly seconds: number;
  readonly trace: string;
  readonly link: string | undefined;
  readonly notes: readonly string[];
  readonly stderr: readonly string[];
}
export interface Section {
  readonly anchor: string;
  readonly verdict: Verdict;
  readonly samples: SamplePanel;
  readonly curves: readonly Curve[];
  readonly runs: readonly RunRow[];
  readonly moreRuns: number;
}
export interface View {
  readonly gate: Gate;
  /** Unexpected verdicts come first, so that the bounds do not drop them. */
  readonly sections: readonly Section[];
  readonly leftOut: number;
}

export async function view(
  directory: string,
  gate: Gate,
  traces: ReadonlyMap<string, readonly Trace[]>,
): Promise<View> {
  const files = openSampleFiles(directory);
  const ordered = [...gate.verdicts].sort((a, b) => Number(a.asExpected) - Number(b.asExpected));
  const sections: Section[] = [];
  for (const [index, verdict] of ordered.entries()) {
    const own = traces.get(verdict.scenario) ?? [];
    const { runs, more } = runRows(directory, verdict, own);
    sections.push({
      anchor: `scenario-${index + 1}`,
      verdict: tame(verdict),
      samples: await samplePanel(files, own, verdict.history ?? historyOf(verdict.plan)),
      curves: curves(own),
      runs,
      moreRuns: more,
    });
  }
  return { gate: tame(gate), sections, leftOut: files.images.leftOut() + files.recordings.leftOut() };
}

function runRows(
  directory: string,
  verdict: Verdict,
  traces: readonly Trace[],
): { runs: RunRow[]; more: number } {
  const byFile = new Map(traces.map((trace) => [resolve(trace.file), trace]));
  const runs = verdict.runs.slice(0, MAX_RUNS).map((run) => {
    const trace = byFile.get(resolve(join(directory, run.trace)));
    const ended = trace?.process;
    const notes = [
      trace === undefined ? 'no trace was read for this run' : undefined,
      trace?.defect,
      trace?.failure && `${trace.failure.code} at step ${trace.failure.step}: ${trace.failure.message}`,
    ];
    const told = notes.filter((note) => note !== undefined).map((note) => visible(note, 1000));
    return {
      name: visible(run.id, 100),
      outcome: ended?.outcome ?? 'unknown',
      sound: ended?.outcome === 'exited' && ended.exitCode === 0 && told.length === 0,
      exit: visible(ended?.signal ?? String(ended?.exitCode ?? '–'), 100),
      seconds: run.seconds,
      trace: visible(run.trace, 300),
      link: linkTo(run.trace),
      notes: told,
      stderr: (ended?.stderr ?? []).slice(-STDERR_LINES).map((text) => visible(text, 500)),
    };
  });
  return { runs, more: verdict.runs.length - runs.length };
}

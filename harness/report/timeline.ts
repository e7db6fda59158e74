/** The processes of a scenario's run in time: where each started, saved and ended. */
import { type History, resumesIn } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import type { ProcessData } from './data.ts';
import { count, visible } from './text.ts';

const MAX_PROCESSES = 100;
const MAX_SAVES = 500;

/** In the order of the runs of the verdict: the control first. Ranks other than the first are left out. */
export function timeline(traces: readonly Trace[], history: History): ProcessData[] {
  const own = new Map(history.processes.map((process) => [process.id, process]));
  const resumed = new Set(resumesIn(history).map(({ id }) => id));
  return traces
    .filter(({ run }) => run !== undefined && (run.rank ?? 0) === 0)
    .slice(0, MAX_PROCESSES)
    .map((trace): ProcessData => {
      const run = trace.run!;
      const inHistory = run.role === 'before' || run.role === 'after' ? own.get(run.id) : undefined;
      const { process, defect } = trace;
      const start = trace.resumed?.step ?? (resumed.has(run.id) ? (inHistory?.from?.step ?? 0) : 0);
      return {
        id: visible(run.id, 100),
        role: run.role,
        start,
        end: trace.end?.step ?? trace.steps.at(-1)?.step ?? start,
        until: run.until,
        from: trace.resumed === undefined ? null : visible(trace.resumed.from.process, 100),
        saves: trace.saved.slice(0, MAX_SAVES).map(({ step }) => step),
        killed: inHistory?.killed ?? false,
        outcome: visible(outcomeOf(trace), 300),
        sound:
          defect === undefined &&
          (process === undefined || (process.outcome === 'exited' && process.exitCode === 0)),
        backend: visible(run.backend.name, 100),
      };
    });
}

function outcomeOf({ process, failure, defect, steps }: Trace): string {
  const ended =
    process === undefined
      ? 'its end is not recorded'
      : process.outcome === 'exited'
        ? `exited with code ${process.exitCode ?? '–'}`
        : process.outcome.replaceAll('-', ' ');
  const told = [count(steps.length, 'step'), ended];
  if (failure !== undefined) told.push(`${failure.code} at step ${failure.step}: ${failure.message}`);
  if (defect !== undefined) told.push(defect);
  return told.join(', ');
}

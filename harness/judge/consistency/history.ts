/** What each process must have recorded, by the history that it is part of. */

import { isDeepStrictEqual } from 'node:util';
import {
  endOf,
  type History,
  type HistoryProcess,
  lengthOf,
  passesOf,
  resumesIn,
} from '../../trace/history.ts';
import { isControl, isUninterrupted } from '../../trace/roles.ts';
import type { RunRecord, SampleRecord, StateRecord, Trace } from '../../trace/schema.ts';
import type { Said } from './contradiction.ts';

/** What a process left out of what its history asks of it. One that failed is judged by other rules. */
export function leftOut(trace: Trace, history: History, traces: readonly Trace[]): Said[] {
  const { run } = trace;
  if (run === undefined || trace.defect !== undefined || trace.failure !== undefined) return [];
  const own = partOf(run, trace, history);
  if (own === undefined) {
    const ids = ['control', ...history.processes.map(({ id }) => id)];
    return [
      {
        what: `is of a process that the history does not have: '${run.id}' in the role '${run.role}'`,
        step: null,
        expected: ids.join(', '),
        seen: run.id,
      },
    ];
  }
  return [
    ...historySaid(trace, run, own, history),
    ...sourceSaid(trace, own, traces),
    ...stepsLeftOut(trace, run, own),
    ...pointsLeftOut(trace, run, own, history),
    ...checksLeftOut(trace, traces),
    ...endLeftOut(trace, own),
  ];
}

/** A control and its twins do the same: train to the end without a save. A saver saves at each resume point. */
function partOf(run: RunRecord, { resumed }: Trace, history: History): HistoryProcess | undefined {
  const end = endOf(history);
  if (run.role === 'saver')
    return {
      id: run.id,
      from: null,
      until: end,
      saves: [...new Set(resumesIn(history).map(({ from }) => from.step))].filter((step) => step <= end),
    };
  if (run.role === 'again' && resumed !== undefined)
    return {
      id: run.id,
      from: { process: 'saver', step: resumed.step },
      until: end,
      saves: [],
    };
  if (isControl(run.role)) return { id: run.id, from: null, until: end, saves: [] };
  const own = history.processes.find(({ id }) => id === run.id);
  return own !== undefined && (own.from === null) === (run.role === 'before') ? own : undefined;
}

function historySaid(
  { resumed, steps }: Trace,
  run: RunRecord,
  own: HistoryProcess,
  history: History,
): Said[] {
  const said: Said[] = [];
  const length = lengthOf(run.horizon, run.changes);
  const [expected, seen] = [history.changes ?? [], run.changes ?? []];
  if (!isDeepStrictEqual(expected, seen)) {
    said.push({
      what: 'changes something else than the history says',
      step: null,
      expected: JSON.stringify(expected),
      seen: JSON.stringify(seen),
    });
  }
  const text = (from: { process: string; step: number } | null): string =>
    from === null ? 'nothing' : `step ${from.step} of ${from.process}`;
  const from = resumed === undefined ? null : { process: resumed.from.process, step: resumed.step };
  if (text(from) !== text(own.from)) {
    said.push({
      what: 'started from something else than the history says',
      step: from?.step ?? 0,
      expected: text(own.from),
      seen: text(from),
    });
  }
  // A run that was cut short is judged up to an earlier step than it was to reach.
  if (run.until < own.until || run.until > length) {
    said.push({
      what: 'is to end at another step than the history says',
      step: null,
      expected: `step ${own.until}, of ${length}`,
      seen: `step ${run.until}`,
    });
  }
  const end = steps.at(-1)?.step ?? 0;
  if (end > run.until) {
    said.push({
      what: 'goes on after the step at which it is to end',
      step: run.until + 1,
      expected: `steps up to ${run.until}`,
      seen: `steps up to ${end}`,
    });
  }
  return said;
}

/** The checkpoint that a process resumed from is one that its source wrote, of the step that it goes on from. */
function sourceSaid({ resumed }: Trace, own: HistoryProcess, traces: readonly Trace[]): Said[] {
  if (resumed === undefined || own.from === null) return [];
  const { process, checkpoint } = resumed.from;
  const source = traces.find(({ run }) => run?.id === process);
  const written = source?.saved.find((one) => one.checkpoint === checkpoint);
  if (source === undefined || written?.step === resumed.step) return [];
  return [
    {
      what: `resumed from the checkpoint '${checkpoint}' of step ${resumed.step}, which ${process} did not write`,
      step: null,
      expected:
        source.saved.map((one) => `'${one.checkpoint}' of step ${one.step}`).join(', ') || 'no checkpoint',
      seen: `'${checkpoint}' of step ${resumed.step}`,
    },
  ];
}

function stepsLeftOut({ steps }: Trace, run: RunRecord, { from, until, inSave }: HistoryProcess): Said[] {
  const first = from?.step ?? 0;
  const end = steps.at(-1)?.step ?? first;
  // A recorder sees the end of a step at the next one, which a process that is killed in a save does not begin.
  const least = inSave === undefined ? until : until - 1;
  // A resumed run that ends early is judged by another rule.
  if (run.role === 'after' || end >= least) return [];
  return [
    {
      what: `ends at step ${end}, before it should`,
      step: end,
      expected: `steps ${first + 1} to ${until}`,
      seen: end === first ? 'no step' : `steps ${first + 1} to ${end}`,
    },
  ];
}

interface Point {
  readonly at: readonly StateRecord['at'][];
  readonly step: number;
}

/** The points at which a process records its state. */
function pointsOf(run: RunRecord, own: HistoryProcess, history: History): Point[] {
  const { from, until, saves, killed } = own;
  const made = (history.changes ?? []).map(({ at }) => at);
  return [
    from === null ? { at: ['start'], step: 0 } : { at: ['resume'], step: from.step },
    ...(isControl(run.role) ? passesOf(history).map((step): Point => ({ at: ['pass'], step })) : []),
    ...(isControl(run.role) ? made.map((step): Point => ({ at: ['changed'], step })) : []),
    ...saves.map((step): Point => ({ at: ['save'], step })),
    // A run that is judged up to a resume ends there with a save.
    ...(killed === true || (saves.includes(until) && run.role !== 'saver')
      ? []
      : [{ at: isUninterrupted(run.role) ? ['end'] : ['end', 'save', 'pass'], step: until } satisfies Point]),
  ];
}

function pointsLeftOut(trace: Trace, run: RunRecord, own: HistoryProcess, history: History): Said[] {
  const has = (records: readonly (StateRecord | SampleRecord)[], at: readonly string[], step: number) =>
    records.some((record) => record.step === step && at.includes(record.at));
  const wants = run.lacks.includes('samples') || run.role === 'saver' ? [] : ['sample'];
  return pointsOf(run, own, history).flatMap(({ at, step }): Said[] => {
    if (trace.steps.length > 0 && (trace.steps.at(-1)?.step ?? 0) < step) return [];
    const missing = [
      ...(has(trace.states, at, step) ? [] : ['state']),
      ...wants.filter(() => at[0] !== 'start' && !has(trace.samples, at, step)),
    ];
    return missing.map((what) => ({
      what: `has no ${what} '${at[0]}' of step ${step}`,
      step,
      expected: `a ${what} record`,
      seen: 'none',
    }));
  });
}

/** The state after samples and after a save shows that they changed nothing. It is recorded everywhere, or nowhere. */
function checksLeftOut({ run, samples, saved, states }: Trace, traces: readonly Trace[]): Said[] {
  const has = (at: StateRecord['at'], step: number): boolean =>
    states.some((state) => state.at === at && state.step === step);
  const sampled = traces.some((trace) => trace.states.some(({ at }) => at === 'sampled'));
  const wanted = [
    ...(sampled ? samples.map(({ step }) => ({ at: 'sampled' as const, step })) : []),
    ...(run?.role === 'saver' ? saved.map(({ step }) => ({ at: 'saved' as const, step })) : []),
  ];
  const missing = wanted.find(({ at, step }) => !has(at, step));
  if (missing === undefined) return [];
  const { at, step } = missing;
  return [
    {
      what: `has no state '${at}' of step ${step}, which shows that nothing changed`,
      step,
      expected: 'a state record',
      seen: 'none',
    },
  ];
}

function endLeftOut({ process, saved, states }: Trace, own: HistoryProcess): Said[] {
  const said: Said[] = [];
  if (process === undefined) {
    said.push({
      what: 'does not say how the process ended',
      step: null,
      expected: 'a process record, written after the process had ended',
      seen: 'none',
    });
  } else if (process.outcome === 'exited' && (process.exitCode !== 0 || process.signal !== null)) {
    said.push({
      what: 'says that the process ended by itself, and that it failed',
      step: null,
      expected: 'exit code 0 and no signal',
      seen: `exit code ${process.exitCode}, signal ${process.signal}`,
    });
  } else if ((process.outcome === 'killed') !== (own.killed === true)) {
    said.push({
      what: 'ended in another way than the history says',
      step: null,
      expected: own.killed === true ? 'killed' : 'ended after its last step',
      seen: process.outcome,
    });
  }
  const shown = states.filter(({ at }) => at === 'save').map(({ step }) => step);
  for (const step of new Set([...own.saves, ...shown])) {
    if (saved.some((one) => one.step === step)) continue;
    said.push({
      what: `has no saved record of step ${step}, though the run was saved`,
      step,
      expected: 'a saved record',
      seen: 'none',
    });
  }
  for (const { step } of saved) {
    if (shown.includes(step)) continue;
    said.push({
      what: `has no state 'save' of step ${step}, though the run was saved`,
      step,
      expected: 'a state record',
      seen: 'none',
    });
  }
  return said;
}

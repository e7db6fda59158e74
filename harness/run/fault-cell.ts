/** Runs one cell of a kill matrix: one fault in one scenario. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { collectEvidence } from '../judge/collect.ts';
import { judge } from '../judge/judge.ts';
import { type JudgedCell, judgeCell, unjudged } from '../judge/matrix/cell.ts';
import type { Cell } from '../judge/matrix/matrix.ts';
import { planOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { executeFault } from './execute.ts';
import { factsOf, type LoadedFault } from './faults.ts';
import { type Healthy, judgeFirst } from './healthy-run.ts';
import { keep } from './keep.ts';
import type { MutantsOptions } from './mutants-options.ts';

export const interruptedIn = (scenario: string): Cell => ({
  scenario,
  ...unjudged('not-run', 'interrupted'),
  seconds: 0,
  kept: null,
});

export async function runCell(
  own: Healthy,
  loadedFault: LoadedFault,
  limit: LimitFunction,
  options: MutantsOptions,
): Promise<Cell> {
  const { id, file, fault } = loadedFault;
  const { loaded, subject, traces, backend } = own;
  const { name, history } = loaded;
  const interrupted = interruptedIn(name);
  if (options.signal.aborted) return interrupted;
  const answer = own.answers[file];
  if (answer === undefined || typeof answer === 'string') {
    const why = `whether it applies is unknown: ${answer ?? 'the process gave no answer'}`;
    return { ...interrupted, outcome: 'missed', why };
  }
  const start = performance.now();
  // A folder of its own, since a fault may be called like the healthy run's folder.
  const folder = path.join(own.folder, 'faults', id);
  const saves = fault.saves ?? false;
  const changed = (trace: Trace): boolean =>
    trace.run?.role === 'after' || (saves && trace.run?.role === 'before');
  const untouched = traces.filter((trace) => !changed(trace));
  const healthy = traces.filter(changed);
  const facts = factsOf(loadedFault);
  const itsOwn = { ...subject, replay: options.replay(loaded, id) };
  let early: JudgedCell | undefined;
  // A fault that is caught and correctly diagnosed needs no further resume, unless all traces are kept.
  const settled = (faulty: readonly Trace[]): boolean => {
    const resumes = faulty.filter(({ run }) => run?.role === 'after').length;
    if (options.keep || !own.provenAfter.has(resumes)) return false;
    const all = [...untouched, ...faulty];
    const cell = judgeCell(
      facts,
      judgeFirst(itsOwn, planOf(history), backend, all, resumes),
      healthy,
      faulty,
    );
    early = cell.headlineRight ? cell : undefined;
    return cell.headlineRight;
  };
  const faulty = await executeFault(loaded, { file, saves }, path.join(own.folder, 'healthy'), settled, {
    ...options,
    backend,
    folder,
    limit,
    cold: false,
    onProgress: () => {},
  });
  if (options.signal.aborted) {
    await rm(folder, { recursive: true, force: true });
    return interrupted;
  }
  const cellOf = (judged: JudgedCell): Cell => ({
    scenario: name,
    ...judged,
    seconds: (performance.now() - start) / 1000,
    kept: null,
  });
  let cell: Cell;
  if (early === undefined) {
    const all = [...untouched, ...faulty];
    const judgement = judge(itsOwn, collectEvidence(history, backend, all));
    cell = cellOf(judgeCell(facts, judgement, healthy, faulty));
    if (options.keep || cell.outcome === 'missed') {
      return { ...cell, kept: await keep(folder, judgement, all, cell.seconds, options.folder) };
    }
  } else {
    // Of a run that was cut short, only the judgement on its beginning holds.
    cell = cellOf(early);
  }
  await rm(folder, { recursive: true, force: true });
  return cell;
}

/** How verdicts name the runs that they rest on, and how a cell of a kill matrix is kept. */
import path from 'node:path';
import type { Judgement } from '../judge/judge.ts';
import { nameOf } from '../judge/process.ts';
import type { Verdict } from '../judge/verdict.ts';
import { writeWhole } from '../report/files.ts';
import type { Trace } from '../trace/schema.ts';

/** The runs of a verdict, with their traces named relative to a folder. */
export const runsOf = (traces: readonly Trace[], folder: string): Verdict['runs'] =>
  traces.map((trace) => ({
    id: nameOf(trace),
    role: trace.run?.role ?? 'unknown',
    trace: within(folder, trace.file),
    seconds: trace.process?.seconds ?? 0,
  }));

const within = (from: string, file: string): string => path.relative(from, file).split(path.sep).join('/');

/** Keeps the traces in place and writes the verdict beside them. Returns the folder, relative to the run's. */
export async function keep(
  folder: string,
  judgement: Judgement,
  traces: readonly Trace[],
  seconds: number,
  root: string,
): Promise<string> {
  const runs = runsOf(traces, folder);
  const verdict = { ...judgement, caveats: [], seconds, runs };
  await writeWhole(folder, 'verdict.json', `${JSON.stringify(verdict, null, 2)}\n`);
  return within(root, folder);
}

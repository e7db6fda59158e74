/** Judges traces that any recorder wrote, from folders, and writes the report that a gate would write. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { collectEvidence } from '../judge/collect.ts';
import { judge } from '../judge/judge.ts';
import { type Gate, VERDICT_FORMAT, type Verdict } from '../judge/verdict.ts';
import { openReport } from '../report/write.ts';
import { historyIn } from '../trace/history.ts';
import { traceReader } from '../trace/read.ts';
import { type Case, TRACE } from './cases.ts';
import type { GateResult } from './gate.ts';
import { runsOf } from './keep.ts';
import { currentOrigin } from './origin.ts';

export interface JudgeOptions {
  /** The folder of the report, which exists and is empty. */
  readonly folder: string;
  /** The command that judges a case again. */
  readonly replay: (one: Case) => string;
  readonly onVerdict: (verdict: Verdict) => void;
}

/**
 * Judges each case by itself. The report gets a copy of the traces and their samples, so that it can be moved.
 * @throws the error of the file system if the report cannot be written
 */
export async function judgeCases(cases: readonly Case[], options: JudgeOptions): Promise<GateResult> {
  const startedAt = new Date();
  const report = openReport(options.folder);
  const verdicts: Verdict[] = [];
  for (const one of cases) {
    const start = performance.now();
    const own = await Promise.all(copied(one, options.folder).map(traceReader()));
    const control = own.find(({ run }) => run?.role === 'control')?.run;
    const about = control === undefined ? 'Traces without a control.' : `Traces of ${control.scenario}.`;
    const subject = { scenario: one.name, about, expect: 'proven' as const, replay: options.replay(one) };
    const evidence = collectEvidence(historyIn(own), control?.backend.requested ?? 'auto', own);
    const verdict = {
      ...judge(subject, evidence),
      caveats: [],
      seconds: (performance.now() - start) / 1000,
      runs: runsOf(own, options.folder),
    };
    verdicts.push(verdict);
    await report.add(verdict, own);
    options.onVerdict(verdict);
  }
  const backends = new Set(verdicts.flatMap(({ backend }) => backend?.requested ?? []));
  const gate: Gate = {
    format: VERDICT_FORMAT,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    origin: currentOrigin(),
    backend: backends.size === 1 ? [...backends][0]! : 'auto',
    passed: verdicts.every(({ asExpected }) => asExpected),
    problem: null,
    baselines: [],
    verdicts,
  };
  return { gate, report: await report.write(gate) };
}

/** Copies the traces of a case, and the samples beside them. Returns the files. */
function copied({ name, files }: Case, folder: string): string[] {
  return [...files].map(([process, file]) => {
    const own = path.join(folder, name, process);
    mkdirSync(own, { recursive: true });
    cpSync(file, path.join(own, TRACE));
    const samples = path.join(path.dirname(file), 'samples');
    if (path.basename(file) === TRACE && existsSync(samples))
      cpSync(samples, path.join(own, 'samples'), { recursive: true, verbatimSymlinks: true });
    return path.join(own, TRACE);
  });
}

/** Makes what a report's controls did the baselines of their scenarios. */
import path from 'node:path';
import { baselineOf, controlOf } from '../judge/baseline.ts';
import type { Gate } from '../judge/verdict.ts';
import { traceReader } from '../trace/read.ts';
import { writeBaseline } from './baselines.ts';
import { UsageError } from './usage-error.ts';

export interface ApproveOptions {
  /** Of the report. */
  readonly folder: string;
  readonly gate: Gate;
  readonly baselines: string;
  /** Names of scenarios. */
  readonly scenarios: readonly string[];
}

export interface Approved {
  readonly scenario: string;
  /** The baseline; undefined if there is none, and `why` says why. */
  readonly file?: string;
  readonly why?: string;
  /** Its resume is refuted, and stays so. */
  readonly refuted: boolean;
}

/**
 * What is approved is the control's training, never a resume: a scenario that is refuted stays so.
 * @throws {UsageError} when a trace leads out of the report
 */
export async function approve({ folder, gate, baselines, scenarios }: ApproveOptions): Promise<Approved[]> {
  const approved: Approved[] = [];
  for (const { scenario, runs, outcome } of gate.verdicts) {
    if (!scenarios.includes(scenario)) continue;
    const own = runs.filter(({ role }) => role === 'control').map(({ trace }) => inside(folder, trace));
    const control = controlOf(await Promise.all(own.map(traceReader())));
    const baseline = control && baselineOf(scenario, control);
    const refuted = outcome === 'refuted';
    if (control === undefined || baseline === undefined)
      approved.push({ scenario, refuted, why: 'its control left no complete trace with finite norms' });
    else
      approved.push({ scenario, refuted, file: await writeBaseline(baselines, baseline, control, folder) });
  }
  return approved;
}

function inside(report: string, trace: string): string {
  const file = path.resolve(report, trace);
  if (!file.startsWith(path.resolve(report) + path.sep))
    throw new UsageError(`${path.relative('', report)}: the trace ${trace} leads out of the report`);
  return file;
}

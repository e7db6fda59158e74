/** Makes what a report's controls did the baselines of their scenarios. */
import path from 'node:path';
import { baselineOf, controlOf } from '../judge/baseline.ts';
import { traceReader } from '../trace/read.ts';
import { writeBaseline } from './baselines.ts';
import { near } from './near.ts';
import { readGate } from './reports.ts';
import { UsageError } from './usage-error.ts';

export interface ApproveOptions {
  /** The report's verdict.json. */
  readonly file: string;
  readonly baselines: string;
  /** Names of scenarios; all of the report if empty. */
  readonly scenarios: readonly string[];
}

export interface Approved {
  readonly scenario: string;
  /** The baseline; undefined if there is none, and `why` says why. */
  readonly file?: string;
  readonly why?: string;
}

/**
 * What is approved is the control's training, never a resume: a scenario that is refuted stays so.
 * @throws {UsageError} when the report cannot be read, or has no scenario of a name
 */
export async function approve({ file, baselines, scenarios }: ApproveOptions): Promise<Approved[]> {
  const report = path.dirname(file);
  const where = path.relative('', report) || '.';
  const { verdicts } = await readGate(
    file,
    (folder, why) => new UsageError(`${folder} cannot be read: ${why}; approve a report of this version`),
  );
  const known = verdicts.map(({ scenario }) => scenario);
  const missing = scenarios.find((name) => !known.includes(name));
  if (missing !== undefined) {
    const likely = near(missing, known);
    throw new UsageError(
      `${where} has no scenario '${missing}'${likely.length === 0 ? '' : `; did you mean ${likely.join(', ')}?`}`,
    );
  }
  const approved: Approved[] = [];
  for (const { scenario, runs } of verdicts) {
    if (scenarios.length > 0 && !scenarios.includes(scenario)) continue;
    const own = runs.filter(({ role }) => role === 'control').map(({ trace }) => inside(report, trace));
    const control = controlOf(await Promise.all(own.map(traceReader())));
    const baseline = control && baselineOf(scenario, control);
    if (control === undefined || baseline === undefined)
      approved.push({ scenario, why: 'its control left no complete trace with finite norms' });
    else approved.push({ scenario, file: await writeBaseline(baselines, baseline, control, report) });
  }
  return approved;
}

function inside(report: string, trace: string): string {
  const file = path.resolve(report, trace);
  if (!file.startsWith(path.resolve(report) + path.sep))
    throw new UsageError(`${path.relative('', report)}: the trace ${trace} leads out of the report`);
  return file;
}

/** Writes a gate's report into its run's folder. */
import { z } from 'zod';
import { type Gate, gateSchema, type Verdict } from '../judge/verdict.ts';
import type { Trace } from '../trace/schema.ts';
import { badge } from './badge.ts';
import { client } from './client-file.ts';
import { writeWhole } from './files.ts';
import { fitting } from './fit.ts';
import { junitXml } from './junit.ts';
import { relativeTo } from './location.ts';
import { page } from './page.ts';
import { NO_PAST, type PastRuns } from './past.ts';
import type { Comparison } from './past-changes.ts';
import type { BaselineSample } from './samples/panel.ts';
import { trendOf } from './trend.ts';
import { detailOf, tamed } from './view.ts';

/** The paths of the files of a report. */
export interface ReportFiles {
  readonly html: string;
  readonly junit: string;
  readonly json: string;
}

/** A report that gathers what its page shows as each scenario is judged, so that no trace is kept until the end. */
export interface Report {
  /**
   * Samples are read beside `Trace.file` and only inside the report's folder. One that is missing, broken or too large
   * becomes a note on the page.
   * @param baseline samples that the control drew differently
   */
  add(verdict: Verdict, traces: readonly Trace[], baseline?: readonly BaselineSample[]): Promise<void>;
  /**
   * Writes `verdict.json` (the gate unchanged), `junit.xml`, `badge.json` and `index.html`. Each file appears whole or not at all; the
   * page comes last.
   * @throws Error of the file system if a file cannot be written
   */
  write(gate: Gate, comparison?: Comparison): Promise<ReportFiles>;
}

/**
 * @param directory the run's folder, which must exist and hold the traces
 * @param past earlier runs on the same backend, the newest last
 */
export function openReport(directory: string, past: PastRuns = NO_PAST): Report {
  const details = fitting();
  let left = 0;
  return {
    async add(verdict, traces, baseline = []) {
      const { detail, leftOut } = await detailOf(
        directory,
        tamed(verdict),
        traces,
        baseline,
        trendOf(past.runs, verdict.scenario),
      );
      left += leftOut;
      await details.add(verdict.scenario, verdict.outcome === 'proven', detail);
    },
    async write(gate, comparison) {
      const json = await writeWhole(directory, 'verdict.json', `${JSON.stringify(gate, null, 2)}\n`);
      const junit = await writeWhole(directory, 'junit.xml', junitXml(gate, relativeTo('', directory)));
      await writeWhole(
        directory,
        'badge.json',
        `${JSON.stringify(badge(gate))}
`,
      );
      const html = await writeWhole(
        directory,
        'index.html',
        page(gate, { details, leftOut: left, client: await client(), past, comparison }),
      );
      return { html, junit, json };
    },
  };
}

/** The JSON Schema of verdict.json. */
export function verdictJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(gateSchema) as Record<string, unknown>;
}

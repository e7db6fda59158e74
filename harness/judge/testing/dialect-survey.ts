/** Judges the kept traces of a matrix of faults in each dialect, and compares with the verdict in this repository’s own. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readTrace } from '../../trace/read.ts';
import type { Plan, Trace } from '../../trace/schema.ts';
import { collectEvidence } from '../collect.ts';
import { judge } from '../judge.ts';
import { matrixSchema } from '../matrix/matrix.ts';
import { verdictSchema } from '../verdict.ts';
import type { Dialect } from './dialects.ts';

/** A run whose verdict depends on the dialect. */
export interface Apart {
  readonly dialect: string;
  readonly scenario: string;
  readonly fault: string;
  readonly own: string;
  readonly translated: string;
  readonly headline: string;
}

export interface DialectSurvey {
  readonly judged: number;
  readonly apart: readonly Apart[];
}

const subject = { scenario: 'tested', about: 'a test', expect: 'proven' as const, replay: 'again' };

/** @param folder of a report of the command `mutants --keep` */
export async function surveyDialects(folder: string, dialects: readonly Dialect[]): Promise<DialectSurvey> {
  const { matrix } = matrixSchema.parse(JSON.parse(await readFile(path.join(folder, 'matrix.json'), 'utf8')));
  const kept = matrix.flatMap(({ fault, cells }) =>
    cells.flatMap(({ scenario, kept }) => (kept === null ? [] : [{ fault: fault.id, scenario, kept }])),
  );
  const apart: Apart[] = [];
  let judged = 0;
  for (const { fault, scenario, kept: own } of kept) {
    const { plan, backend, traces } = await readKept(path.join(folder, own));
    const expected = verdictOn(plan, backend, traces);
    for (const { name, translate } of dialects) {
      const seen = verdictOn(plan, backend, translate(traces));
      judged += 1;
      if (seen.text === expected.text) continue;
      apart.push({
        dialect: name,
        scenario,
        fault,
        own: expected.text,
        translated: seen.text,
        headline: seen.headline,
      });
    }
  }
  return { judged, apart };
}

async function readKept(folder: string): Promise<{ plan: Plan; backend: string; traces: Trace[] }> {
  const file = path.join(folder, 'verdict.json');
  const { plan, backend, runs } = verdictSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const traces = await Promise.all(runs.map(({ trace }) => readTrace(path.join(folder, trace))));
  return { plan, backend: backend?.requested ?? 'auto', traces };
}

/** The outcome and the cause that a verdict names. */
function verdictOn(
  plan: Plan,
  backend: string,
  traces: readonly Trace[],
): { text: string; headline: string } {
  const { outcome, cause, headline } = judge(subject, collectEvidence(plan, backend, traces));
  return { text: `${outcome}: ${cause}`, headline };
}

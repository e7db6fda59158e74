/** Where in the user's files a process of a run failed. */
import path from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import { codeAt, placeIn } from './place.ts';

/** Rules that find an error which a trainer threw. */
const THROWN: ReadonlySet<string> = new Set(['run-died', 'save-failed']);

/**
 * @param folder of the report, relative to which verdicts name their traces
 * @returns by scenario: the place in the user's file and the code around it, of those that are not as expected
 */
export async function codeOfFailures(
  verdicts: readonly Verdict[],
  folder: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const { scenario, asExpected, findings, runs } of verdicts) {
    if (asExpected || !findings.some(({ rule }) => THROWN.has(rule))) continue;
    for (const { trace } of runs) {
      const { failure, process: ended } = await readTrace(path.join(folder, trace));
      const place = failure === undefined ? undefined : placeIn(ended?.stderr.join('\n') ?? '');
      if (place === undefined) continue;
      found.set(scenario, codeAt(place));
      break;
    }
  }
  return found;
}

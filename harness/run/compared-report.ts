/** `--compare`: the earlier report that a run is compared with. */
import type { Gate } from '../judge/verdict.ts';
import { readGate, reportFiles } from './reports.ts';
import { UsageError } from './usage-error.ts';

/**
 * @param asked the folder of a report, or `last` for the newest one in `reports`
 * @returns undefined if the newest one is asked for and there is none yet
 * @throws {UsageError} when the report cannot be read
 */
export async function comparedGate(asked: string, reports: string): Promise<Gate | undefined> {
  const last = asked === 'last';
  const [file] = reportFiles(last ? reports : asked, ['verdict.json']);
  if (file === undefined) {
    if (last) return undefined;
    throw new UsageError(`--compare: ${asked} has no verdict.json; name the folder of a report, or 'last'`);
  }
  return readGate(
    file,
    (where, why) =>
      new UsageError(`--compare: ${where} cannot be read: ${why}; compare with a report of this version`),
  );
}

/** `--grep` and `--last-failed`: which of the scenarios. */
import path from 'node:path';
import { Option } from 'commander';
import { enumerate } from '../report/text.ts';
import { near } from '../run/near.ts';
import { readGate, reportFiles } from '../run/reports.ts';
import { selectScenarios } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';

export interface Selection {
  readonly grep?: string;
  readonly lastFailed?: boolean;
}

export const grepOption = (): Option =>
  new Option('--grep <pattern>', 'only scenarios whose name has this text or fits this regular expression');

export const lastFailedOption = (): Option =>
  new Option('--last-failed', 'only scenarios that were not as expected in the newest report').default(false);

/**
 * Scenario files by name.
 * @param wanted names or paths; all if empty
 * @throws {UsageError} when nothing is selected
 */
export async function selected(
  {
    scenarios,
    reports,
    grep,
    lastFailed = false,
  }: Selection & {
    readonly scenarios: string;
    readonly reports?: string;
  },
  wanted: readonly string[],
): Promise<Map<string, string>> {
  const all = await selectScenarios(scenarios, wanted);
  const grepped = grep === undefined ? all : matching(all, grep);
  return lastFailed ? failedIn(grepped, reports!) : grepped;
}

/** Text that is no regular expression is looked for as it is. */
function patternOf(grep: string): (name: string) => boolean {
  const text = grep.toLowerCase();
  const hasText = (name: string): boolean => name.toLowerCase().includes(text);
  try {
    const expression = new RegExp(grep, 'i');
    return (name) => expression.test(name) || hasText(name);
  } catch {
    return hasText;
  }
}

function matching(all: ReadonlyMap<string, string>, grep: string): Map<string, string> {
  const matches = patternOf(grep);
  const found = new Map([...all].filter(([name]) => matches(name)));
  if (found.size > 0) return found;
  const likely = near(grep, [...all.keys()]);
  throw new UsageError(
    `no name of ${all.size} scenarios matches --grep '${grep}'${likely.length === 0 ? '' : `; did you mean ${likely.join(', ')}?`}`,
  );
}

/** Of the newest report that is about any of them. */
async function failedIn(all: ReadonlyMap<string, string>, reports: string): Promise<Map<string, string>> {
  for (const file of reportFiles(reports, ['verdict.json'])) {
    const where = path.relative('', path.dirname(file));
    const { verdicts } = await readGate(
      file,
      (folder, why) => new UsageError(`--last-failed: ${folder} cannot be read: ${why}`),
    );
    const known = verdicts.filter(({ scenario }) => all.has(scenario));
    if (known.length === 0) continue;
    const failed = known.filter(({ asExpected }) => !asExpected).map(({ scenario }) => scenario);
    if (failed.length === 0)
      throw new UsageError(
        `--last-failed: nothing failed in ${where}, where ${enumerate(known.slice(0, 3).map(({ scenario }) => scenario))}${known.length > 3 ? ` and ${known.length - 3} more` : ''} ran`,
      );
    return new Map(failed.map((name) => [name, all.get(name)!]));
  }
  throw new UsageError(
    `--last-failed: no report about these scenarios in ${path.relative('', reports) || '.'}; run them once without it`,
  );
}

/** The histories by which a scenario has failed, in a small file to be committed, which are tried first from then on. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../report/files.ts';
import { endOf, type History } from '../trace/history.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { askedHistorySchema, checkHistory, type Declared } from './check-history.ts';
import { readJsonFile } from './json-file.ts';
import { UsageError } from './usage-error.ts';

const MOST_BYTES = 4 * 1024 * 1024;

const regressionsSchema = z.strictObject({
  format: z.literal(1),
  scenario: z.string(),
  regressions: z.array(
    z.strictObject({
      found: z.string().describe('the rule that it broke when it was found, and the diagnosis'),
      history: askedHistorySchema,
    }),
  ),
});

export interface Regression {
  /** What was said of it when it was found. */
  readonly found: string;
  readonly history: History;
}

export const regressionsFile = (folder: string, scenario: string): string =>
  path.join(folder, `${scenario}.json`);

/**
 * None if there is no such file.
 * @throws {UsageError} in one line, when the file cannot be read, is not one of this scenario, or holds what cannot be run
 */
export async function readRegressions(
  file: string,
  scenario: string,
  declared: Declared,
): Promise<Regression[]> {
  const refuse = (why: string): UsageError =>
    new UsageError(`cannot read the regressions ${file}: ${why}; mend or remove it`);
  if (!existsSync(file)) return [];
  const data = await readJsonFile(file, regressionsSchema, MOST_BYTES, refuse);
  if (data.scenario !== scenario) throw refuse(`it is of the scenario '${data.scenario}'`);
  return data.regressions.map(({ found, history }, at) => ({
    found,
    history: checkHistory(history as ScenarioHistory, `regression ${at + 1} in ${file}`, declared),
  }));
}

/** Writes them all, in the order in which they were found. */
export async function writeRegressions(
  file: string,
  scenario: string,
  regressions: readonly Regression[],
): Promise<void> {
  const written: z.input<typeof regressionsSchema> = {
    format: 1,
    scenario,
    regressions: regressions.map(({ found, history }) => ({ found, history: short(history) })),
  };
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(path.dirname(file), path.basename(file), `${JSON.stringify(written, null, 2)}\n`);
}

/** Without what is so by default. */
function short(history: History): z.input<typeof askedHistorySchema> {
  const { steps, processes, changes } = history;
  return {
    steps,
    processes: processes.map(({ from, until, saves, backend, ...rest }) => ({
      ...rest,
      ...(from === null ? {} : { from }),
      ...(until === endOf(history) ? {} : { until }),
      ...(saves.length === 0 ? {} : { saves: [...saves] }),
      ...(backend === undefined ? {} : { backend: backend as never }),
    })),
    ...(changes === undefined ? {} : { changes: [...changes] }),
  };
}

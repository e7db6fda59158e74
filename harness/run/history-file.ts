/** Reads a history from a file. */
import type { ScenarioHistory } from '../training/trainer.ts';
import { askedHistorySchema } from './check-history.ts';
import { readJsonFile } from './json-file.ts';
import { UsageError } from './usage-error.ts';

const MOST_BYTES = 1024 * 1024;

/** @throws {UsageError} when the file cannot be read or is not a history */
export const readHistory = async (file: string): Promise<ScenarioHistory> =>
  (await readJsonFile(
    file,
    askedHistorySchema,
    MOST_BYTES,
    (why) => new UsageError(`cannot read the history ${file}: ${why}`),
  )) as ScenarioHistory;

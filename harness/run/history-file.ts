/** Reads a history from a file. */
import { readFile } from 'node:fs/promises';
import type { ScenarioHistory } from '../training/trainer.ts';
import { askedHistorySchema } from './check-history.ts';
import { UsageError } from './usage-error.ts';

const MOST_BYTES = 1024 * 1024;

/** @throws {UsageError} when the file cannot be read or is not a history */
export async function readHistory(file: string): Promise<ScenarioHistory> {
  const refuse = (why: string): UsageError => new UsageError(`cannot read the history ${file}: ${why}`);
  let json: unknown;
  try {
    const bytes = await readFile(file);
    if (bytes.length > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
    json = JSON.parse(bytes.toString());
  } catch (error) {
    throw refuse((error as Error).message.split('\n')[0]!);
  }
  const { error, data } = askedHistorySchema.safeParse(json);
  if (error === undefined) return data as ScenarioHistory;
  const [issue] = error.issues;
  throw refuse(`${issue!.path.join('.') || 'the file'}: ${issue!.message}`);
}

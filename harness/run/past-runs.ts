/** The file that keeps what earlier runs found: a line of JSON for each. */
import { appendFile, open } from 'node:fs/promises';
import path from 'node:path';
import { type PastRun, type PastRuns, pastRunSchema } from '../report/past.ts';

const FILE = 'history.jsonl';
/** Read from the end of the file. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_RUNS = 100;

/**
 * The latest runs of a folder of reports; none where there is no file.
 * @throws the error of the file system if it cannot be read
 */
export async function readPastRuns(reports: string): Promise<PastRuns> {
  const lines = (await tail(path.join(reports, FILE))).split('\n').filter((line) => line !== '');
  const read = lines.slice(-MOST_RUNS).map(parsed);
  const runs = read.filter((run) => run !== undefined);
  return { runs, unreadable: read.length - runs.length };
}

/** In one write, so that runs that end at the same time do not mix. */
export const recordPastRun = (reports: string, run: PastRun): Promise<void> =>
  appendFile(path.join(reports, FILE), `${JSON.stringify(run)}\n`);

async function tail(file: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8', 0, bytesRead);
    // The first line is cut where the file is longer.
    return size > MOST_BYTES ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    await handle.close();
  }
}

function parsed(line: string): PastRun | undefined {
  try {
    return pastRunSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The folder of a report. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './usage-error.ts';

/**
 * Makes `reports/2026-03-01T10-00-00-wasm`, with a number appended if that exists. It is made exclusively, so that two
 * runs that start in the same second never share one.
 * @throws the error of the file system if it cannot be made
 */
export async function makeReportFolder(reports: string, name: string): Promise<string> {
  await makeFolders(reports);
  const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let n = 1; ; n += 1) {
    const folder = path.join(reports, `${moment}-${name}${n === 1 ? '' : `-${n}`}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Makes this folder if it does not exist.
 * @throws {UsageError} when it holds something: files of an earlier report would count as this one's
 * @throws the error of the file system if it cannot be made
 */
export async function takeReportFolder(folder: string): Promise<string> {
  await makeFolders(folder);
  const [some] = await readdir(folder);
  if (some !== undefined) throw new UsageError(`${folder} is not empty; name a new folder for the report`);
  return folder;
}

/**
 * Makes a folder and its parents. Node's recursive `mkdir` tells a read-only file system as ENOENT, and never returns
 * where a parent cannot be made at all, as in /proc.
 */
async function makeFolders(folder: string): Promise<void> {
  for (let again = false; ; again = true) {
    try {
      return await mkdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return;
      if (code !== 'ENOENT' || again || path.dirname(folder) === folder) throw error;
    }
    await makeFolders(path.dirname(folder));
  }
}

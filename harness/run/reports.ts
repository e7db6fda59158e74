/** Finds earlier reports. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Gate, gateSchema } from '../judge/verdict.ts';
import { readJsonFile } from './json-file.ts';
import { UsageError } from './usage-error.ts';

/** The file that each kind of report has. */
export type ReportFile = 'index.html' | 'matrix.html' | 'verdict.json';

const MOMENT = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d)/;

/** When a report was begun: as its folder is named, else when its file was written. */
function momentOf(file: string): number {
  const written = statSync(file).mtimeMs;
  const [, day, hour, minute, second] = MOMENT.exec(path.basename(path.dirname(file))) ?? [];
  return day === undefined ? written : Date.parse(`${day}${hour}:${minute}:${second}Z`);
}

/**
 * The files of reports in a folder, the newest first. The folder may also be a report itself.
 * @param names of files, of which a report has one
 */
export function reportFiles(folder: string, names: readonly ReportFile[]): string[] {
  const own = fileIn(folder, names);
  if (own !== undefined) return [own];
  return foldersIn(folder)
    .flatMap((name) => fileIn(path.join(folder, name), names) ?? [])
    .map((file) => ({ file, moment: momentOf(file), written: statSync(file).mtimeMs }))
    .sort((one, other) => other.moment - one.moment || other.written - one.written)
    .map(({ file }) => file);
}

const MOST_BYTES = 512 * 1024 * 1024;

/**
 * The gate of a report.
 * @param file its verdict.json
 * @param refuse makes the error of one that cannot be read, from its folder and the reason in one line
 * @throws what `refuse` makes
 */
export function readGate(file: string, refuse: (where: string, why: string) => Error): Promise<Gate> {
  const where = path.relative('', path.dirname(file)) || '.';
  return readJsonFile(file, gateSchema, MOST_BYTES, (why) => refuse(where, why));
}

/**
 * The newest gate of a folder of reports, or of a report.
 * @param purpose why it is read, as a verb
 * @throws {UsageError} when there is none, or it cannot be read
 */
export async function newestGate(
  folder: string,
  purpose: string,
): Promise<{ readonly file: string; readonly gate: Gate }> {
  const [file] = reportFiles(folder, ['verdict.json']);
  if (file === undefined)
    throw new UsageError(`no report in ${path.relative('', folder) || '.'}; make one with resumeproof run`);
  const refuse = (where: string, why: string): UsageError =>
    new UsageError(`${where} cannot be read: ${why}; ${purpose} a report of this version`);
  return { file, gate: await readGate(file, refuse) };
}

const fileIn = (folder: string, names: readonly ReportFile[]): string | undefined =>
  names.map((name) => path.join(folder, name)).find((file) => existsSync(file));

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

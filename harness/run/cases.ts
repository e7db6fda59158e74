/** Finds the traces of processes in folders. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './usage-error.ts';

/** The traces of the processes of one case. */
export interface Case {
  /** Unique among the cases that are judged together; it names a folder of the report. */
  readonly name: string;
  readonly folder: string;
  /** The file of each trace, by the name of its process. */
  readonly files: ReadonlyMap<string, string>;
}

export const TRACE = 'trace.jsonl';
/** What a name of a case, which also names a folder and stands in tables, does without. */
const UNSAFE = /[^\w.-]+/g;

/**
 * The cases in these folders. A folder is a case if it holds a folder with a `trace.jsonl` for each process, or a `.jsonl`
 * file for each. Otherwise, each case in it is judged.
 * @throws {UsageError} when a folder holds no case
 */
export function casesIn(folders: readonly string[]): Case[] {
  const found = folders.flatMap((folder) => {
    const own = tracesIn(folder);
    if (own.size > 0) return [{ folder, files: own }];
    const inner = foldersIn(folder)
      .map((name) => path.join(folder, name))
      .map((inside) => ({ folder: inside, files: tracesIn(inside) }))
      .filter(({ files }) => files.size > 0);
    if (inner.length > 0) return inner;
    throw new UsageError(
      existsSync(path.join(folder, TRACE))
        ? `${folder} holds one process; name the folder that holds the folders of all processes`
        : `no traces in ${folder}: expected a folder with a ${TRACE} for each process`,
    );
  });
  const names = new Set<string>();
  return found.map(({ folder, files }) => {
    const base = path.basename(path.resolve(folder)).replaceAll(UNSAFE, '-') || 'case';
    let name = base;
    for (let n = 2; names.has(name); n += 1) name = `${base}-${n}`;
    names.add(name);
    return { name, folder, files };
  });
}

function tracesIn(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of foldersIn(folder)) {
    const file = path.join(folder, name, TRACE);
    if (existsSync(file)) files.set(name, file);
  }
  // A process's own folder may hold other files of this kind.
  const flat = existsSync(path.join(folder, TRACE)) ? [] : entriesOf(folder);
  for (const entry of flat) {
    if (entry.isFile() && entry.name.endsWith('.jsonl'))
      files.set(path.basename(entry.name, '.jsonl'), path.join(folder, entry.name));
  }
  return files;
}

const foldersIn = (folder: string): string[] =>
  entriesOf(folder)
    .filter((entry) => entry.isDirectory() || isFolderByLink(path.join(folder, entry.name)))
    .map(({ name }) => name)
    .sort();

const isFolderByLink = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(`cannot read the folder ${folder}: ${(error as Error).message}`);
  }
}

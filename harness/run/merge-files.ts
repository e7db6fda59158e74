/** Copies what the shards of a run have left into one report. */
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { traceReader } from '../trace/read.ts';
import type { Trace } from '../trace/schema.ts';
import { type FoundShard, isFile, refusing } from './shard-file.ts';

/**
 * Checks a path that a result names: in the folder of its case, and of a regular file, with no link on the way.
 * @throws {UsageError} when it is not
 */
export async function requireOwnFile(
  shard: FoundShard,
  file: string,
  own: string,
  named: string,
): Promise<void> {
  const refuse = refusing(shard.folder, file);
  const parts = named.split('/');
  if (
    parts[0] !== own ||
    parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'))
  )
    throw refuse(`it names ${named}, which is not in the folder of ${own}`);
  for (let at = 1; at < parts.length; at += 1) {
    const between = await lstat(path.join(shard.folder, ...parts.slice(0, at))).catch(() => undefined);
    if (between?.isDirectory() !== true) throw refuse(`it names ${named}, which is missing`);
  }
  if (!isFile(path.join(shard.folder, ...parts))) throw refuse(`it names ${named}, which is missing`);
}

/**
 * Copies the folder of a case, if the shard has kept one. Only regular files and folders are copied: a link could lead
 * anywhere, and a pipe would never end.
 */
export async function copyCase(
  { folder }: FoundShard,
  name: string,
  to: string,
  newName = name,
): Promise<void> {
  await copyFolder(path.join(folder, name), path.join(to, newName));
}

async function copyFolder(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, target);
    else if (entry.isFile())
      await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

/** The traces of a verdict, from the merged report. */
export async function tracesOf({ runs }: Verdict, folder: string): Promise<readonly Trace[]> {
  const read = traceReader();
  return Promise.all(runs.map(({ trace }) => read(path.join(folder, trace))));
}

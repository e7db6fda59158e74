/** The files of a checkpoint, which is a file or a folder. */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Paths of its files. */
async function filesOf(checkpoint: string): Promise<string[]> {
  if ((await stat(checkpoint)).isFile()) return [checkpoint];
  const files = await readdir(checkpoint, { recursive: true, withFileTypes: true });
  return files.filter((file) => file.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
}

export async function bytesOf(checkpoint: string): Promise<number> {
  const sizes = await Promise.all((await filesOf(checkpoint)).map((file) => stat(file)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** A digest of each file, by its path relative to the folder that the checkpoint is in. */
export async function digestsOf(checkpoint: string): Promise<ReadonlyMap<string, string>> {
  const folder = path.dirname(checkpoint);
  const digests = (await filesOf(checkpoint)).map(async (file) => {
    const digest = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return [path.relative(folder, file).replaceAll(path.sep, '/'), digest] as const;
  });
  return new Map(await Promise.all(digests));
}

/** Checkpoints with files that have changed since. One that is gone has not: a trainer may keep only the latest. */
export async function changedFiles(
  written: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Promise<{ checkpoint: string; files: string[] }[]> {
  const changed: { checkpoint: string; files: string[] }[] = [];
  for (const [checkpoint, before] of written) {
    const now = await digestsOf(checkpoint).catch(() => new Map<string, string>());
    const files = [...now].filter(([file, digest]) => before.get(file) !== digest).map(([file]) => file);
    if (files.length > 0) changed.push({ checkpoint: path.basename(checkpoint), files: files.sort() });
  }
  return changed;
}

/** Whether two checkpoints of one name hold the same bytes. False if one is missing. */
export async function sameFiles(one: string, other: string): Promise<boolean> {
  try {
    const [mine, theirs] = await Promise.all([digestsOf(one), digestsOf(other)]);
    return mine.size === theirs.size && [...mine].every(([file, digest]) => theirs.get(file) === digest);
  } catch {
    return false;
  }
}

/** Copies a checkpoint. Returns false if there is none. */
export async function copied(from: string, to: string): Promise<boolean> {
  try {
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

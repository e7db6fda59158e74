/** Reads files of a run's folder within bounds, and writes them whole or not at all. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { flush } from '../trace/flush.ts';

/**
 * Opens a regular file under `root` (after following links).
 * @throws Error with a one-line reason: outside the folder, missing, not a file.
 */
export async function openWithin(root: string, path: string): Promise<{ file: FileHandle; size: number }> {
  const real = await realpath(path).catch(() => {
    throw new Error('the file is missing');
  });
  const inside = relative(await realpath(root), real);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new Error('the path leads out of the run’s folder');
  }
  // Non-blocking, because opening a pipe without a writer would hang the report.
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const stat = await file.stat();
  if (stat.isFile()) return { file, size: stat.size };
  await file.close();
  throw new Error('it is not a regular file');
}

/**
 * Reads a regular file under `root` of at most `limit` bytes.
 * @throws Error with a one-line reason: as {@link openWithin}, or too large.
 */
export async function readWithin(root: string, path: string, limit: number): Promise<Buffer> {
  const { file, size } = await openWithin(root, path);
  try {
    if (size > limit) throw new Error(`it has ${size} bytes, more than ${limit}`);
    const bytes = Buffer.alloc(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) throw new Error('it shrank while it was read');
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Writes `text`, or its parts, under a temporary name, flushes it and renames it to `name`. Returns the path. */
export async function writeWhole(
  directory: string,
  name: string,
  text: string | Iterable<string>,
): Promise<string> {
  const path = join(directory, name);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      // Not all at once: Yarn's Plug'n'Play has no files that take an iterable.
      for (const part of typeof text === 'string' ? [text] : text) await file.appendFile(part);
      await flush(file);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return path;
}

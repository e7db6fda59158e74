/** Writes a directory of files atomically: it appears under its name once everything is on disk, or not at all. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, ioError } from './error.ts';
import { type Digest, syncDirectory, writeParts } from './file.ts';

/** What {@link writeDirectory} calls its hidden directories. */
const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/;
/** A save that is still running writes more often. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Writes and syncs all files in a hidden directory next to the target, then renames it to the target. Never replaces
 * an existing target. The parent must exist. Removes the hidden directories that killed processes left in it, once they
 * have not changed for an hour.
 * @param last a file that is written last, from the digests of the others
 * @returns the total size of all files
 * @throws CheckpointError `exists` before anything is written; `io`, `missing-file` (no parent) or `exists` (another
 *   writer came first), after the hidden directory was removed; `not-durable`, after the target was written
 */
export async function writeDirectory(
  target: string,
  contents: ReadonlyMap<string, Iterable<Uint8Array>>,
  last?: (files: ReadonlyMap<string, Digest>) => { readonly file: string; readonly bytes: Uint8Array },
): Promise<{ bytes: number }> {
  await refuseExisting(target);
  const parent = dirname(target);
  await removeAbandoned(parent);
  const temporary = join(parent, `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  const files = new Map<string, Digest>();
  try {
    await mkdir(temporary);
    for (const [file, parts] of contents) files.set(file, await writeParts(join(temporary, file), parts));
    const listing = last?.(files);
    if (listing !== undefined) {
      files.set(listing.file, await writeParts(join(temporary, listing.file), [listing.bytes]));
    }
    await syncDirectory(temporary);
    await rename(temporary, target);
  } catch (thrown) {
    // The original error matters more than a failed cleanup.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) await refuseExisting(target);
    throw ioError(target, 'saving the checkpoint', thrown);
  }
  await makeDurable(target);
  return { bytes: [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Syncs the rename. @throws CheckpointError `not-durable` */
async function makeDurable(target: string): Promise<void> {
  try {
    await syncDirectory(dirname(target));
  } catch (cause) {
    throw new CheckpointError({
      code: 'not-durable',
      file: target,
      expected: 'its folder to reach the disk',
      of: 'the checkpoint',
      received: reasonOf(cause),
      fix: 'the checkpoint is there and complete, but a power failure may still lose it: check the disk, and go on or save it elsewhere',
      cause,
    });
  }
}

/** The file system's own words, without ours. */
function reasonOf(thrown: unknown): string {
  const { cause = thrown } = thrown as Error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Never fails: that something is left costs space only. Removes no folder in which is anything but files. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const folder of names.filter((name) => TEMPORARY.test(name)).map((name) => join(parent, name))) {
    try {
      const isFolder = (await lstat(folder)).isDirectory();
      const files = isFolder ? (await readdir(folder)).map((name) => join(folder, name)) : [];
      const stats = await Promise.all([folder, ...files].map((path) => lstat(path)));
      const newest = Math.max(...stats.map(({ mtimeMs }) => mtimeMs));
      if (!isFolder || Date.now() - newest < ABANDONED_MS || !stats.slice(1).every((stat) => stat.isFile()))
        continue;
      for (const file of files) await unlink(file);
      await rmdir(folder);
    } catch {
      // Another save may be removing it, too.
    }
  }
}

/** @throws CheckpointError `exists` */
export async function refuseExisting(file: string): Promise<void> {
  const exists = await lstat(file).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  const [expected, received] = ['a new name', 'a name that already exists'];
  const fix = 'save under another name, or remove the existing one first';
  throw new CheckpointError({ code: 'exists', file, expected, of: 'the checkpoint', received, fix });
}

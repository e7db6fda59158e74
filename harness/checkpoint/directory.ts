/** Writes a directory of files atomically: it appears under its name once everything is on disk, or not at all. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, ioError } from './error.ts';
import { type Digest, syncDirectory, writeParts } from './file.ts';

/**
 * Writes and syncs all files in a hidden directory next to the target, then renames it to the target. Never replaces
 * an existing target. The parent must exist.
 * @param last a file that is written last, from the digests of the others
 * @returns the total size of all files
 * @throws CheckpointError `exists` before anything is written; `io`, `missing-file` (no parent) or `exists` (another
 *   writer came first), after the hidden directory was removed
 */
export async function writeDirectory(
  target: string,
  contents: ReadonlyMap<string, Iterable<Uint8Array>>,
  last?: (files: ReadonlyMap<string, Digest>) => { readonly file: string; readonly bytes: Uint8Array },
): Promise<{ bytes: number }> {
  await refuseExisting(target);
  const parent = dirname(target);
  const temporary = join(parent, `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(temporary);
    const files = new Map<string, Digest>();
    for (const [file, parts] of contents) files.set(file, await writeParts(join(temporary, file), parts));
    const listing = last?.(files);
    if (listing !== undefined) {
      files.set(listing.file, await writeParts(join(temporary, listing.file), [listing.bytes]));
    }
    await syncDirectory(temporary);
    await rename(temporary, target);
    await syncDirectory(parent);
    return { bytes: [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (thrown) {
    // The original error matters more than a failed cleanup.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) await refuseExisting(target);
    throw ioError(target, 'saving the checkpoint', thrown);
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

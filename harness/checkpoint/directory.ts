/** A directory of files that appears under its name when all of it is on the disk, or not at all. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, ioError } from './error.ts';
import { type Digest, syncDirectory, writeParts } from './file.ts';

/**
 * Writes and syncs everything in a hidden directory beside the target, which is then renamed. An existing target
 * is refused, never replaced. The parent must exist.
 * @param last a file that is written after the others, from their digests
 * @returns the size of all files
 * @throws CheckpointError `exists` before anything is written; `io`, `missing-file` (no parent) or `exists` (a
 *   rival came first) with the hidden directory removed
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
    // What failed is worth more than a failure to clean up after it.
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
  const [expected, received] = ['a new name', 'one that exists'];
  const fix = 'save under another name or remove it first';
  throw new CheckpointError({ code: 'exists', file, expected, of: 'the checkpoint', received, fix });
}

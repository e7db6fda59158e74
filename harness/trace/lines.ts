/** Reads a regular file line by line, within bounded memory. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A longer line is not a valid trace: 500 parameters need about 60 kB. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** More than the last line that a harness writes: how the process ended, with the end of its standard error. */
const LAST_BYTES = 1024 * 1024;
const CHUNK = 1024 * 1024;
const LINE_FEED = 10;

/** Called with each line that is not empty. Returns a truthy value to stop reading. */
type Take = (line: Buffer | undefined, number: number) => unknown;

/**
 * Opens a regular file, or the regular file that a link leads to.
 * @throws for a folder, pipe or device, at once: opening a pipe would wait for its writer
 */
export async function openLines(file: string): Promise<FileHandle> {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
  const handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw new Error('a folder, pipe or device, not a regular file');
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Passes lines without their line ends, and undefined for the first that is too long, which is the last. */
export async function eachLine(handle: FileHandle, take: Take): Promise<void> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 1;
  for (;;) {
    const chunk = await readAt(handle, null, CHUNK);
    if (chunk.length === 0) break;
    let start = 0;
    for (;;) {
      if (size === 0) {
        for (; chunk[start] === LINE_FEED; start += 1) number += 1;
      }
      const end = chunk.indexOf(LINE_FEED, start);
      if (end === -1) break;
      parts.push(chunk.subarray(start, end));
      if (take(parts.length === 1 ? parts[0]! : Buffer.concat(parts), number)) return;
      parts = [];
      size = 0;
      number += 1;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (rest.length > 0) parts.push(rest);
    size += rest.length;
    if (size > MAX_LINE_BYTES) {
      take(undefined, number);
      return;
    }
  }
  if (size > 0) take(Buffer.concat(parts), number);
}

/** The last line that is not empty; undefined if it is too long. */
export async function lastLine(handle: FileHandle): Promise<Buffer | undefined> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - LAST_BYTES);
  const bytes = await readAt(handle, from, size - from);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === LINE_FEED) end -= 1;
  const start = end === 0 ? 0 : bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
  return start === 0 && from > 0 ? undefined : bytes.subarray(start, end);
}

/** At most `length` bytes from `position`, or from where the last such call ended. */
async function readAt(handle: FileHandle, position: number | null, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

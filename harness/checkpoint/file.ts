/** Writes files durably and verifies their SHA-256 on read. Hashing overlaps with disk I/O. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { flush } from '../trace/flush.ts';
import { CheckpointError, ioError } from './error.ts';

/** The size and SHA-256 of a file, as the manifest lists them. */
export interface Digest {
  /** The size. */
  readonly bytes: number;
  /** 64 lowercase hexadecimal digits. */
  readonly sha256: string;
}

const CHUNK = 2 ** 20;
const DAMAGED = 'the file was truncated, damaged or replaced: use another checkpoint';

/**
 * Writes the parts in order to a new file and syncs it to disk.
 * The parts must not change until the promise settles.
 * @throws CheckpointError `io`, also if the file exists
 */
export async function writeParts(file: string, parts: Iterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const handle = await open(file, 'wx');
    try {
      for (const chunk of chunks(parts)) {
        const writing = writeFully(handle, chunk);
        hash.update(chunk);
        await writing;
        bytes += chunk.byteLength;
      }
      await flush(handle);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw ioError(file, 'writing the file', thrown);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** One call may write fewer bytes than it was given, for example on a nearly full disk. */
async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await handle.write(bytes, done)).bytesWritten;
  }
}

/** Slices large parts without copying. Gathers small ones, such as biases: a write call costs more than a copy. */
function* chunks(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  const gathered = new Uint8Array(2 ** 18);
  let filled = 0;
  for (const part of parts) {
    if (filled > 0 && filled + part.byteLength > gathered.byteLength) {
      yield gathered.subarray(0, filled);
      filled = 0;
    }
    if (part.byteLength <= gathered.byteLength / 4) {
      gathered.set(part, filled);
      filled += part.byteLength;
    } else {
      if (filled > 0) yield gathered.subarray(0, filled);
      filled = 0;
      for (let at = 0; at < part.byteLength; at += CHUNK) yield part.subarray(at, at + CHUNK);
    }
  }
  if (filled > 0) yield gathered.subarray(0, filled);
}

/** Makes changes to a directory's entries durable: new files and renames. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await flush(handle);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw ioError(directory, 'making the directory durable', thrown);
  }
}

/** A file that is read sequentially from its start. */
export interface Reading {
  readonly file: string;
  readonly bytes: number;
  /** Reads the next `length` bytes into a new buffer. The caller checks `length` against `bytes` first. */
  take(length: number): Promise<Uint8Array>;
}

/**
 * Opens a regular file and lets `use` read all of it. Returns the result of `use` once the size and hash match the
 * manifest. Does not follow links or block on pipes.
 * @throws CheckpointError `missing-file`, `not-a-file`, `wrong-size`, `wrong-hash`, `too-large`, `io`
 */
export async function readVerified<T>(
  file: string,
  expected: Digest | undefined,
  use: (reading: Reading) => Promise<T>,
): Promise<T> {
  const hash = expected && createHash('sha256');
  try {
    const handle = await openRegular(file);
    try {
      const bytes = (await handle.stat()).size;
      if (expected && bytes !== expected.bytes) {
        throw refusal('wrong-size', file, `${expected.bytes} bytes`, 'its size', `${bytes} bytes`);
      }
      let at = 0;
      const result = await use({
        file,
        bytes,
        async take(length) {
          const into = allocate(length, file);
          await readFully(handle, into, at, hash, file);
          at += length;
          return into;
        },
      });
      const sha256 = hash?.digest('hex');
      if (expected && sha256 !== expected.sha256) {
        throw refusal('wrong-hash', file, expected.sha256, 'its SHA-256', `${sha256}`);
      }
      return result;
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw ioError(file, 'reading the file', thrown);
  }
}

/** Reads a small file. @throws CheckpointError as readVerified, and `too-large` over `limit` */
export function readSmall(file: string, expected: Digest | undefined, limit: number): Promise<Uint8Array> {
  return readVerified(file, expected, async ({ bytes, take }) => {
    if (bytes > limit)
      throw refusal('too-large', file, `at most ${limit} bytes`, 'its size', `${bytes} bytes`);
    return take(bytes);
  });
}

async function openRegular(file: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ELOOP')) throw thrown;
  }
  await handle?.close();
  const received = handle ? 'a directory, pipe or device' : 'a symbolic link';
  throw refusal('not-a-file', file, 'a regular file', 'it', received);
}

/** Hashes each chunk while the next one is read. */
async function readFully(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  hash: Hash | undefined,
  file: string,
) {
  let hashed = 0;
  for (let done = 0; done < into.byteLength; ) {
    const reading = handle.read(into, done, Math.min(CHUNK, into.byteLength - done), position + done);
    hash?.update(into.subarray(hashed, done));
    hashed = done;
    const { bytesRead } = await reading;
    if (bytesRead === 0) {
      throw refusal(
        'wrong-size',
        file,
        `${position + into.byteLength} bytes`,
        'its size',
        `${position + done} bytes`,
      );
    }
    done += bytesRead;
  }
  hash?.update(into.subarray(hashed));
}

/** Not zeroed and never part of a shared pool, so offset 0 is aligned for every type. */
function allocate(length: number, file: string): Uint8Array {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    throw refusal('too-large', file, 'a size that fits in memory', 'its size', `${length} bytes`);
  }
}

function refusal(
  code: 'wrong-size' | 'wrong-hash' | 'too-large' | 'not-a-file',
  file: string,
  expected: string,
  of: string,
  received: string,
): CheckpointError {
  return new CheckpointError({ code, file, expected, of, received, fix: DAMAGED });
}

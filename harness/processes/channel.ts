/**
 * How a child talks to its parent: lines of JSON over a pipe of their own, so that nothing that a trainer writes to
 * its output, and nothing that it sends with process.send, gets between.
 */
import { read, writeSync } from 'node:fs';

/** The number of the pipe in the child. */
const CHANNEL = 3;

/** Tells the parent. Returns once the message is on its way, so that a process may exit right after it. */
export function tell(message: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(CHANNEL, bytes, at);
}

/** Waits for the next message of the parent. */
export async function hear(): Promise<unknown> {
  const parts: Buffer[] = [];
  do {
    const some = await readSome();
    if (some.length === 0) throw new Error('the parent process is gone');
    parts.push(some);
  } while (parts.at(-1)!.at(-1) !== 10);
  return JSON.parse(Buffer.concat(parts).toString());
}

const readSome = (): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    read(CHANNEL, (error, count, buffer) => {
      if (error === null) resolve(buffer.subarray(0, count));
      else reject(error);
    });
  });

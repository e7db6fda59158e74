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
  let text = '';
  while (!text.endsWith('\n')) {
    const chunk = await readSome();
    if (chunk === '') throw new Error('the parent process is gone');
    text += chunk;
  }
  return JSON.parse(text);
}

const readSome = (): Promise<string> =>
  new Promise((resolve, reject) => {
    read(CHANNEL, (error, count, buffer) => {
      if (error === null) resolve(buffer.toString('utf8', 0, count));
      else reject(error);
    });
  });

/** Follows a trace while another process writes it. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const EVERY_MS = 500;
const CHUNK_BYTES = 1024 * 1024;
/** Longer than the beginning of a step record. */
const OVERLAP = 64;

/**
 * Looks twice a second.
 * @param onGrowth called when the trace has grown, with the last step that is new in it
 * @returns ends it
 */
export function watchTrace(file: string, onGrowth: (step: number | undefined) => void): () => void {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let at = 0;
  let end = '';
  const look = (): void => {
    const handle = opened(file);
    if (handle === undefined) return;
    let step: number | undefined;
    const from = at;
    try {
      for (let count = readSync(handle, chunk, 0, CHUNK_BYTES, at); count > 0; ) {
        at += count;
        const text = end + chunk.toString('latin1', 0, count);
        step = lastStep(text) ?? step;
        end = text.slice(-OVERLAP);
        count = readSync(handle, chunk, 0, CHUNK_BYTES, at);
      }
    } finally {
      closeSync(handle);
    }
    if (at > from) onGrowth(step);
  };
  const timer = setInterval(look, EVERY_MS);
  return () => clearInterval(timer);
}

function lastStep(text: string): number | undefined {
  const found = [...text.matchAll(/"kind": ?"step", ?"step": ?(\d+)/g)].at(-1);
  return found === undefined ? undefined : Number(found[1]);
}

/** A program may have put a pipe in the place of its trace, which would never open. */
function opened(file: string): number | undefined {
  try {
    const handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (fstatSync(handle).isFile()) return handle;
    closeSync(handle);
  } catch {
    // It does not exist yet.
  }
  return undefined;
}

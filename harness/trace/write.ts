/** Writes a trace as it happens: each record reaches the file before the next step starts. */
import { closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { TraceRecord } from './schema.ts';

const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

export function formatRecord(record: TraceRecord): string {
  return `${JSON.stringify(record, plain)}\n`;
}

/** Loops because one call may write fewer bytes than it was given. */
function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

export interface TraceWriter {
  write(record: TraceRecord): void;
  close(): void;
}

/** @throws if the file cannot be created or already exists */
export function createTrace(file: string): TraceWriter {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'wx');
  return {
    write: (record) => writeAll(handle, formatRecord(record)),
    close: () => closeSync(handle),
  };
}

/**
 * Appends a record to a trace whose writer has exited. Starts a new line in case the last one was truncated. What a
 * writer may have put in the trace's place (a pipe, on which this would wait for ever, a link or a folder) is replaced
 * by a trace with this record alone.
 */
export function appendRecord(file: string, record: TraceRecord): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openRegular(file) ?? replaced(file);
  try {
    writeAll(handle, `\n${formatRecord(record)}`);
  } finally {
    closeSync(handle);
  }
}

const NOT_A_FILE = ['ELOOP', 'EISDIR', 'ENXIO'];

function openRegular(file: string): number | undefined {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let handle: number;
  try {
    handle = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
  } catch (error) {
    if (NOT_A_FILE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  if (fstatSync(handle).isFile()) return handle;
  closeSync(handle);
  return undefined;
}

function replaced(file: string): number {
  rmSync(file, { recursive: true, force: true });
  return openSync(file, 'wx');
}

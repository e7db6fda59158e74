/** Writes a trace as it happens: a record is on its way to the file before the next step begins. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { TraceRecord } from './schema.ts';

const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

export function formatRecord(record: TraceRecord): string {
  return `${JSON.stringify(record, plain)}\n`;
}

/** Loops over short writes: one call may write less than it was given. */
function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

export interface TraceWriter {
  write(record: TraceRecord): void;
  close(): void;
}

/** @throws when the file cannot be made; an existing one is not touched */
export function createTrace(file: string): TraceWriter {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'wx');
  return {
    write: (record) => writeAll(handle, formatRecord(record)),
    close: () => closeSync(handle),
  };
}

/** Adds a record to a trace whose writer is gone, on a line of its own even if the last one was cut off. */
export function appendRecord(file: string, record: TraceRecord): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'a');
  try {
    writeAll(handle, `\n${formatRecord(record)}`);
  } finally {
    closeSync(handle);
  }
}

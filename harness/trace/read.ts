/** Reads a trace line by line, checks it against the schema and bounds time and memory. */
import type { FileHandle } from 'node:fs/promises';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { parseBounded, RefusedJson, requireKeys } from '../json/parse.ts';
import { assemble } from './assemble.ts';
import { ColumnPool, cutColumns } from './columns.ts';
import { Entries } from './entries.ts';
import { eachLine, lastLine, MAX_LINE_BYTES, openLines } from './lines.ts';
import { recordSchema, TRACE_FORMAT, type Trace, type TraceRecord } from './schema.ts';

const MAX_PATH_LENGTH = 200;

/**
 * Reads a trace and checks it line by line. It never throws because of a trace's contents. The first problem is in
 * {@link Trace.defect} and ends the reading: the records before it are kept, and of those after it only a `process`
 * record at the end, which the parent writes. A truncated last line, as a killed process leaves it, is a defect too.
 * @param file the path of a `trace.jsonl`
 * @example
 * ```ts
 * import { readTrace } from 'resumeproof/judge';
 *
 * const trace = await readTrace('runs/control/trace.jsonl');
 * if (trace.defect !== undefined) console.error(trace.defect);
 * console.log(trace.steps.length);
 * ```
 */
export const readTrace = (file: string): Promise<Trace> => traceReader()(file);

/**
 * Returns a {@link readTrace} for traces that are judged together: columns that are equal in them are kept only once in
 * memory.
 * @example
 * ```ts
 * import { traceReader } from 'resumeproof/judge';
 *
 * const read = traceReader();
 * const control = await read('runs/control/trace.jsonl');
 * const before = await read('runs/before/trace.jsonl');
 * console.log(control.steps.length, before.steps.length);
 * ```
 */
export function traceReader(): (file: string) => Promise<Trace> {
  const columns = new ColumnPool();
  return (file) => readWith(columns, file);
}

async function readWith(columns: ColumnPool, file: string): Promise<Trace> {
  const { take, finish } = assemble(file, columns);
  let first: string | undefined;
  let handle: FileHandle | undefined;
  try {
    handle = await openLines(file);
    const shared = { columns, entries: new Entries() };
    await eachLine(handle, (line, number) => {
      const defect =
        line === undefined ? `is longer than ${MAX_LINE_BYTES} bytes` : readLine(line, shared, take);
      if (defect !== undefined) first = `line ${number} ${defect}`;
      return first;
    });
    const last = first === undefined ? undefined : await lastLine(handle);
    if (last !== undefined) {
      readLine(last, shared, (record) => {
        // The parent wrote it after the process had exited.
        return record.kind === 'process' ? take(record) : undefined;
      });
    }
  } catch (error) {
    first ??= `cannot be read: ${(error as Error).message}`;
  } finally {
    await handle?.close();
  }
  return finish(first);
}

/** What the lines of a trace share. */
interface Shared {
  readonly columns: ColumnPool;
  readonly entries: Entries;
}

function readLine(
  line: Buffer,
  shared: Shared,
  take: (record: TraceRecord) => string | undefined,
): string | undefined {
  shared.entries.allow(line.length);
  const record = readRegular(line, shared);
  if (record !== undefined) {
    shared.entries.take(record);
    return take(record);
  }
  let json: unknown;
  try {
    json = parseBounded(line, (bytes) => bytes.toString());
  } catch (error) {
    if (error instanceof RefusedJson) return `has ${error.message}`;
    return hasBareNumbers(line) ? 'has NaN or an infinity without quotes' : 'is not JSON (truncated?)';
  }
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > TRACE_FORMAT) {
    return `has trace format ${format}, newer than ${TRACE_FORMAT}; use a newer resumeproof`;
  }
  if (shared.entries.exceeded(json)) {
    return 'has more counters, generators, versions or learning rates than a trace of its length can need';
  }
  const parsed = recordSchema.safeParse(json, FIRST_ISSUE);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    // A key in the trace may be megabytes long, and this text goes into reports.
    const where = issue.path.join('.').slice(0, MAX_PATH_LENGTH) || 'record';
    return `is not a trace record: ${where}${isAbsent(json, issue.path) ? ' is missing' : `: ${issue.message}`}`;
  }
  shared.entries.take(parsed.data);
  return take(parsed.data);
}

/** Whether a line would be JSON if its numbers that are not finite were others: Python and JavaScript write them bare. */
function hasBareNumbers(line: Buffer): boolean {
  const text = line.toString();
  const finite = text.replace(/(?<=[:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, '0');
  if (finite === text) return false;
  try {
    JSON.parse(finite);
    return true;
  } catch {
    return false;
  }
}

/** Whether an object lacks the field at the end of a path. */
function isAbsent(json: unknown, path: readonly PropertyKey[]): boolean {
  const holder = path.slice(0, -1).reduce<unknown>((held, key) => (held as Fields | null)?.[key], json);
  const last = path.at(-1);
  return last !== undefined && typeof holder === 'object' && holder !== null && !Object.hasOwn(holder, last);
}

type Fields = Readonly<Record<PropertyKey, unknown>>;

/** Reads a record as the schema does, a step's columns from the pool. Returns undefined for what may be a defect. */
function readRegular(line: Buffer, { columns: pool, entries }: Shared): TraceRecord | undefined {
  const cut = cutColumns(line);
  if (cut === undefined) return undefined;
  let rest: unknown;
  try {
    rest = JSON.parse(cut.rest);
    requireKeys(rest, cut.keys, () => cut.rest);
  } catch {
    return undefined;
  }
  if (entries.exceeded(rest)) return undefined;
  const parsed = recordSchema.safeParse(rest, FIRST_ISSUE);
  if (!parsed.success) return undefined;
  if (cut.columns.size === 0) return parsed.data;
  if (parsed.data.kind !== 'step') return undefined;
  const columns: Record<string, readonly unknown[]> = {};
  for (const [name, text] of cut.columns) {
    const column = pool.read(name, text);
    if (column === undefined) return undefined;
    columns[name] = column;
  }
  return { ...parsed.data, ...columns };
}

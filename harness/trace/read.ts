/** Reads a trace line by line, checks it against the schema and bounds memory use. */
import { createReadStream } from 'node:fs';
import { assemble } from './assemble.ts';
import { ColumnPool, cutColumns } from './columns.ts';
import { recordSchema, type StepRecord, TRACE_FORMAT, type Trace, type TraceRecord } from './schema.ts';

/** A longer line is not a valid trace: 500 parameters need about 60 kB. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const MAX_PATH_LENGTH = 200;

/**
 * Reads a trace and checks it line by line. It never throws because of a trace's contents: the first problem is in
 * {@link Trace.defect}, and the records read so far are kept. A truncated last line, as a killed process leaves it, is
 * a defect too.
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
  let lineNumber = 0;
  try {
    for await (const line of lines(file)) {
      lineNumber += 1;
      if (line?.length === 0) continue;
      const defect =
        line === undefined ? `is longer than ${MAX_LINE_BYTES} bytes` : readLine(line, columns, take);
      if (defect !== undefined) first ??= `line ${lineNumber} ${defect}`;
    }
  } catch (error) {
    first ??= `cannot be read: ${(error as Error).message}`;
  }
  return finish(first);
}

function readLine(
  line: Buffer,
  columns: ColumnPool,
  take: (record: TraceRecord) => string | undefined,
): string | undefined {
  const step = readStep(line, columns);
  if (step !== undefined) return take(step);
  let json: unknown;
  try {
    json = JSON.parse(line.toString());
  } catch {
    return 'is not JSON (truncated?)';
  }
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > TRACE_FORMAT) {
    return `has trace format ${format}, newer than ${TRACE_FORMAT}; use a newer resumeproof`;
  }
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    // A key in the trace may be megabytes long, and this text goes into reports.
    const where = issue.path.join('.').slice(0, MAX_PATH_LENGTH) || 'record';
    return `is not a trace record: ${where}: ${issue.message}`;
  }
  return take(parsed.data);
}

/** Reads a step as the schema does. Returns undefined for other records and for steps that the schema may refuse. */
function readStep(line: Buffer, pool: ColumnPool): StepRecord | undefined {
  const cut = cutColumns(line);
  if (cut === undefined) return undefined;
  let rest: unknown;
  try {
    rest = JSON.parse(cut.rest);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(rest);
  if (!parsed.success || parsed.data.kind !== 'step') return undefined;
  const columns: Record<string, readonly unknown[]> = {};
  for (const [name, text] of cut.columns) {
    const column = pool.read(name, text);
    if (column === undefined) return undefined;
    columns[name] = column;
  }
  return { ...parsed.data, ...columns };
}

/** Yields lines without line ends. Yields undefined for a line over the limit and stops, to bound memory. */
async function* lines(file: string): AsyncGenerator<Buffer | undefined> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10, start); end !== -1; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      parts = [];
      size = 0;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    size += rest.length;
    if (size > MAX_LINE_BYTES) return yield undefined;
    parts.push(rest);
  }
  if (size > 0) yield Buffer.concat(parts);
}

/** Reads a trace line by line, checks it against the schema and bounds time and memory. */
import type { FileHandle } from 'node:fs/promises';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { parseBounded, RefusedJson, requireKeys } from '../json/parse.ts';
import { ColumnPool, cutColumns } from './columns.ts';
import { Entries } from './entries.ts';
import { eachLine, lastLine, MAX_LINE_BYTES, openLines } from './lines.ts';
import { type RunRecord, recordSchema, TRACE_FORMAT, type Trace, type TraceRecord } from './schema.ts';

const MAX_PATH_LENGTH = 200;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

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
  const trace: Mutable<Trace> = {
    file,
    run: undefined,
    states: [],
    steps: [],
    samples: [],
    checkpoints: [],
    failure: undefined,
    end: undefined,
    process: undefined,
    defect: undefined,
  };
  let names: readonly string[] = [];
  let groups: readonly (string | null)[] = [];
  let isShared = true;

  /** The last step read, or the step that this process starts or resumes after. */
  const lastStep = (run: RunRecord): number => trace.steps.at(-1)?.step ?? firstStep(run);
  const take = (record: TraceRecord): string | undefined => {
    if (record.kind === 'run') {
      if (trace.run !== undefined) return 'is a second run record';
      trace.run = record;
      return undefined;
    }
    if (record.kind === 'process') {
      trace.process = record;
      return undefined;
    }
    if (trace.run === undefined) return 'comes before the run record';
    switch (record.kind) {
      case 'parameters':
        if (record.names.length !== record.groups.length) return 'names and groups differ in length';
        if (new Set(record.names).size !== record.names.length) return 'names a parameter twice';
        ({ names, groups } = record);
        isShared = false;
        return undefined;
      case 'step': {
        const own = [
          record.l2,
          record.updateL2,
          record.changed,
          record.gradientL2,
          record.appliedGradientL2 ?? record.gradientL2,
          record.hookCalls,
          record.updates,
          record.learningRates,
        ];
        if (own.some((column) => column.length !== names.length)) {
          return `is step ${record.step} with columns that do not match the ${names.length} parameters`;
        }
        const last = lastStep(trace.run);
        if (record.step !== last + 1) return `jumps from step ${last} to step ${record.step}`;
        // Not before there is a step: a file may hold millions of tables.
        if (!isShared) [names, groups, isShared] = [columns.shared(names), columns.shared(groups), true];
        trace.steps.push({ ...record, names, groups });
        return undefined;
      }
      case 'state':
        trace.states.push(record);
        return undefined;
      case 'sample':
        trace.samples.push(record);
        return undefined;
      case 'checkpoint':
        trace.checkpoints.push(record);
        return undefined;
      case 'failure':
        trace.failure = record;
        return undefined;
      case 'end':
        trace.end = record;
        return record.step === lastStep(trace.run)
          ? undefined
          : `ends at step ${record.step} after step ${lastStep(trace.run)}`;
    }
  };

  let handle: FileHandle | undefined;
  try {
    handle = await openLines(file);
    const shared = { columns, entries: new Entries() };
    await eachLine(handle, (line, number) => {
      const defect =
        line === undefined ? `is longer than ${MAX_LINE_BYTES} bytes` : readLine(line, shared, take);
      if (defect !== undefined) trace.defect = `line ${number} ${defect}`;
      return trace.defect;
    });
    const last = trace.defect === undefined ? undefined : await lastLine(handle);
    if (last !== undefined) {
      readLine(last, shared, (record) => {
        if (record.kind === 'process') trace.process = record;
        return undefined;
      });
    }
  } catch (error) {
    trace.defect ??= `cannot be read: ${(error as Error).message}`;
  } finally {
    await handle?.close();
  }
  if (trace.run === undefined) trace.defect ??= 'is empty';
  else if (trace.end === undefined) trace.defect ??= 'ends before the run did';
  return trace;
}

/** The step that a process starts or resumes after. */
export function firstStep({ role, segment, plan }: Pick<RunRecord, 'role' | 'segment' | 'plan'>): number {
  return role === 'after' || role === 'cold' ? (plan.resumeAt[segment - 1] ?? 0) : 0;
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
    return error instanceof RefusedJson ? `has ${error.message}` : 'is not JSON (truncated?)';
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
    return `is not a trace record: ${where}: ${issue.message}`;
  }
  shared.entries.take(parsed.data);
  return take(parsed.data);
}

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

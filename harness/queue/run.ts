/** The runs that are on offer on a Redis server, under keys that begin with `resumeproof:`. */
import { z } from 'zod';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { parseBounded } from '../json/parse.ts';

/** Of the keys of BullMQ, too: those of a run begin with `resumeproof:<run>:`. */
export const PREFIX = 'resumeproof';
/** The ids of the runs. */
export const RUNS = `${PREFIX}:runs`;
/** What a run offers. It expires unless its coordinator renews it. */
export const offerOf = (run: string): string => `${PREFIX}:offer:${run}`;
/** A hash of who works for a run. */
export const workersOf = (run: string): string => `${PREFIX}:workers:${run}`;
/** A hash of why somebody does not work for a run. */
export const refusalsOf = (run: string): string => `${PREFIX}:refusals:${run}`;

/** Milliseconds until a run counts as over whose coordinator is gone. */
export const OFFER_MS = 30_000;
/** Seconds until what workers say of themselves is forgotten. */
export const WORKERS_S = 60;

/** The most bytes of what is read. */
export const MOST = { offer: 4 * 1024 * 1024, task: 1024 * 1024, result: 16 * 1024 * 1024, text: 1000 };
/** The most runs, and workers of a run. */
export const MOST_ENTRIES = 10_000;

const id = z.string().regex(/^[0-9a-f]{16}$/);
const caseId = z.string().regex(/^case-\d{1,9}$/);

/** What is handed out. */
export const taskSchema = z.strictObject({ run: id, id: caseId, what: z.unknown() });
export type Task = z.output<typeof taskSchema>;
/** What a worker gives back. */
export const answerSchema = z.strictObject({ run: id, id: caseId, result: z.unknown() });
export type Answer = z.output<typeof answerSchema>;

export const isRunId = (text: string): boolean => id.safeParse(text).success;
export const isCaseId = (text: string): boolean => caseId.safeParse(text).success;

/**
 * Data that came from Redis.
 * @throws {Error} with a phrase, when it is no JSON within bounds, or something else
 */
export function parsedBy<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  mostBytes: number,
): z.output<Schema> {
  const bytes = Buffer.from(text);
  if (bytes.length > mostBytes) throw new Error(`it has ${bytes.length} bytes, more than ${mostBytes}`);
  return checkedBy(
    schema,
    parseBounded(bytes, () => text),
  );
}

/** @throws {Error} with a phrase, when the value does not follow the schema */
export function checkedBy<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { error, data } = schema.safeParse(value, FIRST_ISSUE);
  if (error === undefined) return data as z.output<Schema>;
  const [issue] = error.issues;
  const where = issue!.path.join('.');
  throw new Error(where === '' ? issue!.message : `${where}: ${issue!.message}`);
}

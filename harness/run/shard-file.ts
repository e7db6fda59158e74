/** The file that a shard leaves in its report: which shard of which run it is. Its results are beside it. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { parseBounded } from '../json/parse.ts';
import { readWithin, writeWhole } from '../report/files.ts';
import { visible } from '../report/text.ts';
import { MOST_SHARDS, shardOf } from './shard.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

export const SHARD_FILE = 'shard.json';
const SHARD_FORMAT = 1;

const MOST_CASES = 100_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Of the results: a verdict has kilobytes. */
const MOST_RESULT_BYTES = 512 * 1024 * 1024;

const whole = z.int().positive().max(MOST_SHARDS);
/** A case names a folder. */
const name = z.string().regex(/^\w[\w.-]{0,254}$/);
const names = z.array(name).max(MOST_CASES);

/** The report is called after it. */
const BACKEND = z.enum(['auto', ...BACKENDS]);

const shardSchema = z.strictObject({
  format: z.literal(SHARD_FORMAT),
  version: z.literal(VERSION),
  command: z.enum(['run', 'mutants', 'fuzz']),
  shard: z.strictObject({ index: whole, count: whole }),
  /** What was asked for, by option: everything that changes a result. */
  options: z
    .record(z.string().max(100), z.string().max(2_000_000))
    .refine((given) => BACKEND.safeParse(given['--backend']).success, 'expected a --backend'),
  /** All cases of the whole run, in its order. */
  cases: names.min(1),
  /** Those of this shard, in the same order. */
  own: names,
  /** Of the files that the cases are made of. */
  sources: z.string().regex(/^[0-9a-f]{64}$/),
  interrupted: z.boolean(),
});

/** A shard, as it is kept. */
export type ShardRecord = z.output<typeof shardSchema>;

/** A shard that was read, and the folder of its report. */
export interface FoundShard {
  readonly folder: string;
  readonly record: ShardRecord;
}

/** Writes `shard.json` into the report's folder, once the results are there. */
export async function writeShard(
  folder: string,
  record: Omit<ShardRecord, 'format' | 'version'>,
): Promise<void> {
  const whole: ShardRecord = { format: SHARD_FORMAT, version: VERSION, ...record };
  await writeWhole(folder, SHARD_FILE, `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * Reads `shard.json` of a folder.
 * @throws {UsageError} when it is none of this version's
 */
export async function readShard(folder: string): Promise<FoundShard> {
  const refuse = refusing(folder, SHARD_FILE);
  const json = await readJson(folder, SHARD_FILE, MOST_BYTES);
  const { version, format } = (json ?? {}) as { version?: unknown; format?: unknown };
  if (typeof version === 'string' && version !== VERSION)
    throw refuse(`resumeproof ${version} wrote it, and this is ${VERSION}`);
  if (typeof format === 'number' && format !== SHARD_FORMAT)
    throw refuse(`it has format ${format} instead of ${SHARD_FORMAT}`);
  const { error, data } = shardSchema.safeParse(json, FIRST_ISSUE);
  if (error !== undefined) throw refuse(issueOf(error));
  const { shard, cases, own } = data;
  if (shard.index > shard.count) throw refuse(`there is no shard ${shard.index} of ${shard.count}`);
  if (new Set(cases).size !== cases.length) throw refuse('it names a case twice');
  if (!isDeepStrictEqual(shardOf(cases, shard), own))
    throw refuse('its cases are not those that this shard has of the whole run');
  return { folder, record: data };
}

/**
 * Reads a result that lies beside `shard.json`.
 * @throws {UsageError} when it is missing or something else
 */
export async function readResult<Schema extends z.ZodType>(
  { folder }: FoundShard,
  file: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { error, data } = schema.safeParse(await readJson(folder, file, MOST_RESULT_BYTES), FIRST_ISSUE);
  if (error !== undefined) throw refusing(folder, file)(issueOf(error));
  return data as z.output<Schema>;
}

/** Whether a folder's own entry is a regular file, without following a link. */
export const isFile = (file: string): boolean =>
  lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;

async function readJson(folder: string, file: string, limit: number): Promise<unknown> {
  try {
    const bytes = await readWithin(folder, path.join(folder, file), limit);
    return parseBounded(bytes, (own) => own.toString());
  } catch (error) {
    throw refusing(folder, file)((error as Error).message);
  }
}

/** The error of a file that cannot be used. Its texts are of strangers. */
export const refusing =
  (folder: string, file: string) =>
  (why: string): UsageError =>
    new UsageError(`cannot merge ${path.join(folder, file)}: ${visible(why.split('\n')[0]!, 300)}`);

function issueOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  return `${issue!.path.join('.') || 'the file'}: ${issue!.message}`;
}

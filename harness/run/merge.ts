/** Finds the shards of a run and checks that they fit together. */
import { type Dirent, readdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { enumerate, visible } from '../report/text.ts';
import { shardName } from './shard.ts';
import { type FoundShard, isFile, readShard, SHARD_FILE } from './shard-file.ts';
import { UsageError } from './usage-error.ts';

/** How far below a given folder reports are looked for: a download has a folder for each, and each holds a report. */
const DEPTH = 4;
/** Named in a message. */
const NAMED = 20;

/**
 * All shards of one run, in their order.
 * @param folders of reports, or folders that hold them
 * @throws {UsageError} when there are none, one is missing, there twice, interrupted or unreadable, or they do not fit
 */
export async function findShards(
  folders: readonly string[],
): Promise<readonly [FoundShard, ...FoundShard[]]> {
  const found = [...new Set(folders.flatMap((folder) => reportsIn(path.resolve(folder), folder)))];
  const shards: FoundShard[] = [];
  // One after the other, so that the first that cannot be read is the one that is told.
  for (const folder of found) shards.push(await readShard(folder));
  const [first, ...others] = shards as [FoundShard, ...FoundShard[]];
  for (const other of others) requireSameRun(first, other);
  requireEachOnce(shards);
  for (const { folder, record } of shards)
    if (record.interrupted)
      throw new UsageError(`${shardName(record.shard)} in ${folder} was interrupted: run it again`);
  return shards.toSorted((a, b) => a.record.shard.index - b.record.shard.index) as [FoundShard];
}

/** The folder, if it is a shard's; else those below it that are. */
function reportsIn(folder: string, given: string): string[] {
  let below: Dirent[];
  try {
    below = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(`cannot merge ${given}: ${(error as Error).message}`);
  }
  if (isFile(path.join(folder, SHARD_FILE))) return [folder];
  const found = below.flatMap((entry) => searched(path.join(folder, entry.name), entry, 1));
  if (found.length === 0) throw new UsageError(`cannot merge ${given}: no ${SHARD_FILE} is in it or below`);
  return found.sort();
}

function searched(folder: string, entry: Dirent, depth: number): string[] {
  if (!entry.isDirectory()) return [];
  if (isFile(path.join(folder, SHARD_FILE))) return [folder];
  if (depth === DEPTH) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((inner) =>
    searched(path.join(folder, inner.name), inner, depth + 1),
  );
}

function requireSameRun(one: FoundShard, other: FoundShard): void {
  const [a, b] = [one.record, other.record];
  const differ = (what: string): never => {
    throw new UsageError(
      `${shardName(b.shard)} in ${other.folder} is of another run than ${shardName(a.shard)} in ${one.folder}: ${what}`,
    );
  };
  const shown = (text: string | undefined): string => (text === undefined ? 'not given' : visible(text, 60));
  if (a.command !== b.command) differ(`it ran ${b.command} instead of ${a.command}`);
  if (a.shard.count !== b.shard.count) differ(`it has ${b.shard.count} shards instead of ${a.shard.count}`);
  for (const option of new Set([...Object.keys(a.options), ...Object.keys(b.options)])) {
    if (a.options[option] !== b.options[option])
      differ(`${visible(option, 60)} is ${shown(b.options[option])} instead of ${shown(a.options[option])}`);
  }
  const [cases, others] = [new Set(a.cases), new Set(b.cases)];
  const missing = a.cases.find((name) => !others.has(name));
  const more = b.cases.find((name) => !cases.has(name));
  if (missing !== undefined) differ(`it has no ${missing}`);
  if (more !== undefined) differ(`it has ${more} too`);
  if (!isDeepStrictEqual(a.cases, b.cases)) differ('its cases have another order');
  if (a.sources !== b.sources) differ('its scenarios or what they import have other contents');
}

function requireEachOnce(shards: readonly FoundShard[]): void {
  const byIndex = Map.groupBy(shards, ({ record }) => record.shard.index);
  const [{ record }] = shards as [FoundShard];
  const { count } = record.shard;
  for (const [, same] of byIndex)
    if (same.length > 1)
      throw new UsageError(
        `${shardName(same[0]!.record.shard)} is there twice: in ${same[0]!.folder} and in ${same[1]!.folder}`,
      );
  const missing = Array.from({ length: count }, (_, at) => at + 1).filter((index) => !byIndex.has(index));
  if (missing.length === 0) return;
  if (missing.length === 1) throw new UsageError(`${shardName({ index: missing[0]!, count })} is missing`);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const named = missing.slice(0, NAMED);
  throw new UsageError(
    `shards ${more === '' ? enumerate(named) : named.join(', ')}${more} of ${count} are missing`,
  );
}

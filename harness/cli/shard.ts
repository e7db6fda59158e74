/** `--shard`: the option, the cases of this machine, and what is kept of it for `resumeproof merge`. */
import { InvalidArgumentError, Option } from 'commander';
import { MOST_SHARDS, parseShard, type Shard, shardName, shardOf } from '../run/shard.ts';
import type { ShardRecord } from '../run/shard-file.ts';
import { say } from './exit.ts';

export const shardOption = (): Option =>
  new Option(
    '--shard <i/n>',
    'run only the i-th of n shards, which `resumeproof merge` joins again',
  ).argParser((value) => {
    const shard = parseShard(value);
    if (shard !== undefined) return shard;
    throw new InvalidArgumentError(`expected a shard such as 3/8, of at most ${MOST_SHARDS}.`);
  });

/** The shard that this machine runs, as it is kept if nothing interrupts it. */
export type OwnShard = Omit<ShardRecord, 'format' | 'version' | 'interrupted'>;

/**
 * @param whole the whole run: its cases in order, a digest of their sources, and by option everything that changes a
 * result; what is undefined was not given
 * @param what the cases are called
 */
export function ownShard(
  shard: Shard,
  whole: Pick<ShardRecord, 'command' | 'cases' | 'sources'> & { readonly options: Record<string, unknown> },
  what = 'scenarios',
): OwnShard {
  const given = Object.entries(whole.options).filter(([, value]) => value !== undefined);
  const own = shardOf(whole.cases, shard);
  say(`${shardName(shard)}: ${own.length} of ${whole.cases.length} ${what}`);
  if (own.length === 0)
    say(`${shardName(shard)} has nothing to prove: use at most ${whole.cases.length} shards`);
  return {
    ...whole,
    shard,
    options: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    own,
  };
}

/** The name of a report's folder. */
export const reportName = (name: string, shard: Shard | undefined): string =>
  shard === undefined ? name : `${name}-shard-${shard.index}-of-${shard.count}`;

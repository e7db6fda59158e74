/** `fuzz --shard`: the histories of this machine, and what is kept of them for `resumeproof merge`. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Fuzzed, Share } from '../fuzz/fuzz.ts';
import { readRegressions, regressionsFile } from '../run/regressions.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import type { Shard } from '../run/shard.ts';
import { writeShard } from '../run/shard-file.ts';
import { UsageError } from '../run/usage-error.ts';
import type { TrainingOptions } from './options.ts';
import { type OwnShard, ownShard } from './shard.ts';

/** The options of `fuzz` that change what is drawn, or what comes of it. */
export interface FuzzingOptions extends TrainingOptions {
  readonly runs?: number;
  readonly time?: number;
  readonly seed?: number;
  readonly maxSteps?: number;
  readonly maxResumes: number;
  readonly resumeOn?: string[];
  readonly regressions: string;
  readonly redis?: string;
}

const MOST_RUNS = 100_000;

/** @throws {UsageError} when other machines could draw other histories */
export function requireForShard({ runs, seed, time, redis }: FuzzingOptions): void {
  if (redis !== undefined) throw new UsageError('a queue needs no shards: leave out --shard or --redis');
  if (seed === undefined || runs === undefined || time !== undefined || runs > MOST_RUNS)
    throw new UsageError(
      `every shard must draw the same histories: with --shard, give --seed, give --runs of at most ${MOST_RUNS}, and leave out --time`,
    );
}

/** The histories of a shard go by the numbers by which they are drawn. */
export async function fuzzShard(
  shard: Shard,
  { name, scenario }: LoadedScenario,
  sources: string,
  options: FuzzingOptions,
): Promise<OwnShard> {
  const before = await readRegressions(regressionsFile(options.regressions, name), name, scenario);
  const whole = {
    command: 'fuzz' as const,
    cases: Array.from({ length: options.runs! }, (_, at) => String(at + 1)),
    sources,
    options: {
      scenario: name,
      '--backend': options.backend,
      '--require-gpu': options.requireGpu,
      '--images': options.images && path.relative('', options.images),
      '--runs': options.runs,
      '--seed': options.seed,
      '--max-steps': options.maxSteps,
      '--max-resumes': options.maxResumes,
      '--resume-on': options.resumeOn,
      // They are not drawn again.
      '--regressions': createHash('sha256').update(JSON.stringify(before)).digest('hex'),
    },
  };
  return ownShard(shard, whole, 'histories');
}

/** What this machine tries. The first shard also tries what is not drawn. */
export function shareOf({ shard, own }: OwnShard): Share {
  const numbers = new Set(own);
  return { isOwn: (number) => numbers.has(String(number)), first: shard.index === 1 };
}

export async function keepShard(
  folder: string,
  shard: OwnShard,
  fuzzed: Fuzzed,
  {
    loaded,
    signal,
    replay,
  }: {
    readonly loaded: LoadedScenario;
    readonly signal: AbortSignal;
    readonly replay: (own: LoadedScenario) => string;
  },
): Promise<void> {
  const { writeFuzzRecord } = await import('../fuzz/fuzz-record.ts');
  const { expect } = loaded.scenario;
  await writeFuzzRecord(folder, fuzzed, expect, (history) => replay({ ...loaded, history }));
  await writeShard(folder, { ...shard, interrupted: signal.aborted });
}

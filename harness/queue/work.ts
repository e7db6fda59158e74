/** Works for the runs that are on offer on a Redis server, one run after the other. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as passing } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';
import { z } from 'zod';
import { shownAddress } from './address.ts';
import { type Connection, type ConnectOptions, connect } from './connection.ts';
import { queuePackages } from './packages.ts';
import {
  type Answer,
  checkedBy,
  isRunId,
  MOST,
  MOST_ENTRIES,
  offerOf,
  PREFIX,
  parsedBy,
  RUNS,
  refusalsOf,
  type Task,
  taskSchema,
  WORKERS_S,
  workersOf,
} from './run.ts';

/** A run or a case that this worker does not take, and why, in one line. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** A run in which this worker takes part. */
export interface Part {
  /**
   * Does a case.
   * @param what plain data, of which nothing is known
   * @returns plain data, which does not matter after an abort
   * @throws {Refused} when it is no case of the run, or cannot be done here. Any other error ends the worker
   */
  do(what: unknown): Promise<unknown>;
  /** Called once the run is over. */
  end(): Promise<void>;
}

export interface WorkOptions extends ConnectOptions {
  /** Processes side by side. */
  readonly jobs: number;
  /**
   * Called with what a run offers, of which nothing is known.
   * @param signal aborts when cases of the run need not be finished
   * @throws {Refused} when this worker cannot take part
   */
  readonly join: (offer: unknown, signal: AbortSignal) => Promise<Part>;
  /** Ends the work: cases that are not done go back to the queue. */
  readonly signal: AbortSignal;
}

const LOOK_MS = 500;
/** A case of a worker that has not renewed its claim for so long is given to another. */
const CLAIM_MS = 10_000;
const STALLED_MS = 3000;
/** How often BullMQ tries again what Redis did not answer. */
const RETRY_MS = 1000;
const CLOSE_MS = 5000;

/**
 * Works until the signal.
 * @throws {QueueError} when Redis does not answer any more, or the packages are missing
 * @throws what a case throws that is not {@link Refused}
 */
export async function work(options: WorkOptions): Promise<void> {
  const connection = await connect(options);
  const { redis, lost } = connection;
  // Two workers on one machine, or machines that are called alike, are two.
  const name = `${hostname()
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, 40)}-${process.pid}-${randomBytes(2).toString('hex')}`;
  const refused = new Set<string>();
  const ended = AbortSignal.any([options.signal, lost]);
  try {
    options.say(`waiting for runs on ${shownAddress(options.url)}`);
    while (!ended.aborted) {
      for (const run of await until(ended, runsOn(redis), [])) {
        if (ended.aborted || refused.has(run)) continue;
        const gone = new AbortController();
        const over = AbortSignal.any([ended, gone.signal]);
        const part = await joined(redis, run, name, over, options);
        if (part === 'refused') refused.add(run);
        else if (part !== undefined)
          await takePart(part, { run, name, over, end: () => gone.abort() }, connection, options);
      }
      await until(ended, passing(LOOK_MS), undefined);
    }
  } finally {
    connection.close();
  }
  if (lost.aborted) throw lost.reason;
}

/** What waits for Redis is not waited for after an abort. */
async function until<T>(signal: AbortSignal, promise: Promise<T>, otherwise: T): Promise<T> {
  const aborted = Promise.withResolvers<T>();
  const end = (): void => aborted.resolve(otherwise);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([
      promise.catch((error) => (signal.aborted ? otherwise : Promise.reject(error))),
      aborted.promise,
    ]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

type Redis = Connection['redis'];

async function runsOn(redis: Redis): Promise<string[]> {
  const all = (await redis.scard(RUNS)) > MOST_ENTRIES ? [] : await redis.smembers(RUNS);
  return all.filter(isRunId);
}

/** @returns undefined if the run is over */
async function joined(
  redis: Redis,
  run: string,
  name: string,
  over: AbortSignal,
  { join, say }: WorkOptions,
): Promise<Part | 'refused' | undefined> {
  const text = await until(over, offerIn(redis, run), undefined);
  if (text === null) await until(over, forget(redis, run), undefined);
  if (text == null) return undefined;
  try {
    return await join(offered(text), over);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`not taking part in run ${run}: ${error.message}`);
    await until(over, tellRefusal(redis, run, name, error.message), undefined);
    return 'refused';
  }
}

/** @returns null if there is none any more */
const offerIn = async (redis: Redis, run: string): Promise<string | null> =>
  (await redis.strlen(offerOf(run))) > MOST.offer ? '' : redis.get(offerOf(run));

async function tellRefusal(redis: Redis, run: string, name: string, why: string): Promise<void> {
  await redis.hset(refusalsOf(run), name, why.slice(0, MOST.text));
  await redis.expire(refusalsOf(run), WORKERS_S);
}

function offered(text: string): unknown {
  try {
    return parsedBy(z.unknown(), text, MOST.offer);
  } catch (error) {
    throw new Refused(`its offer cannot be read: ${(error as Error).message}`);
  }
}

/** Removes what is left of a run whose coordinator has ended without removing it. */
async function forget(redis: Redis, run: string): Promise<void> {
  const { Queue } = await queuePackages();
  const queue = new Queue(run, { connection: redis, prefix: PREFIX, skipMetasUpdate: true });
  queue.on('error', () => {});
  await queue.obliterate({ force: true }).catch(() => {});
  await redis.srem(RUNS, run);
}

interface Taking {
  readonly run: string;
  /** Of this worker. */
  readonly name: string;
  /** Aborts when this worker does not take part any more. */
  readonly over: AbortSignal;
  readonly end: () => void;
}

async function takePart(
  part: Part,
  { run, name, over, end }: Taking,
  { redis, lost }: Connection,
  { jobs, say }: WorkOptions,
): Promise<void> {
  const { Worker, UnrecoverableError, WaitingError } = await queuePackages();
  let failure: { readonly error: unknown } | undefined;
  let done = 0;
  const doJob = async (job: Job, token = ''): Promise<Answer> => {
    let task: Task;
    try {
      task = taken(job, run);
    } catch (error) {
      say(`refused a case of run ${run}: ${(error as Error).message}`);
      throw new UnrecoverableError((error as Error).message.slice(0, MOST.text));
    }
    let result: unknown;
    try {
      result = over.aborted ? undefined : await part.do(task.what);
    } catch (error) {
      if (error instanceof Refused) {
        say(`refused a case of run ${run}: ${error.message}`);
        throw new UnrecoverableError(error.message.slice(0, MOST.text));
      }
      // What fails here for one case may fail for all.
      failure ??= { error };
      end();
      throw new UnrecoverableError(
        `the worker failed: ${String((error as Error)?.message ?? error).slice(0, 300)}`,
      );
    }
    if (over.aborted) {
      // Of a run that is over, it is gone.
      await job.moveToWait(token).catch(() => {});
      throw new WaitingError();
    }
    done += 1;
    return { run, id: task.id, result };
  };
  const worker = new Worker(run, doJob, {
    connection: redis,
    prefix: PREFIX,
    // While one case is judged, another has a process to run.
    concurrency: jobs + 1,
    lockDuration: CLAIM_MS,
    stalledInterval: STALLED_MS,
    runRetryDelay: RETRY_MS,
  });
  tellErrors(worker, say);
  say(`taking part in run ${run}`);
  try {
    for (let beat = 1; !over.aborted; beat += 1) {
      const there = await until(over, attend(redis, run, name, `${beat} ${jobs}`), true);
      if (there) await until(over, passing(LOOK_MS), undefined);
      else end();
    }
  } finally {
    end();
    await until(lost, Promise.race([closed(worker, redis, run, name), passing(CLOSE_MS)]), undefined);
    await part.end();
  }
  say(`no longer taking part in run ${run}: ${done} ${done === 1 ? 'case' : 'cases'} done`);
  if (failure !== undefined) throw failure.error;
}

/** @returns whether the run is still on offer */
async function attend(redis: Redis, run: string, name: string, said: string): Promise<boolean> {
  if ((await redis.exists(offerOf(run))) === 0) return false;
  await redis.hset(workersOf(run), name, said);
  await redis.expire(workersOf(run), WORKERS_S);
  return true;
}

const LEFT = ['meta', 'events', 'marker', 'stalled-check'];

/** Waits for the cases to go back. */
async function closed(worker: Worker, redis: Redis, run: string, name: string): Promise<void> {
  await worker.close();
  await redis.hdel(workersOf(run), name);
  // What a worker asks for after its run was removed, BullMQ answers with new keys.
  if ((await redis.exists(offerOf(run))) === 0) await redis.del(LEFT.map((key) => `${PREFIX}:${run}:${key}`));
}

/** @throws {Error} with a phrase, when it is no case of this run */
function taken({ data, id }: Job, run: string): Task {
  const bytes = Buffer.byteLength(JSON.stringify(data) ?? '');
  if (bytes > MOST.task) throw new Error(`it has ${bytes} bytes, more than ${MOST.task}`);
  const task = checkedBy(taskSchema, data);
  if (task.run !== run || task.id !== id) throw new Error('it is of another run');
  return task;
}

const MOST_TOLD = 20;

/** Each is said once. What the connection says is left out, and what is normal when a case was given to another worker. */
function tellErrors(worker: Worker, say: (line: string) => void): void {
  const told = new Set<string>();
  worker.on('error', ({ message, ...error }: Error) => {
    const [line = ''] = message.split('\n');
    const usual =
      'code' in error || /Missing (lock|key) for job|Connection is closed|Lock mismatch/i.test(line);
    if (usual || told.has(line) || told.size >= MOST_TOLD) return;
    told.add(line);
    say(`BullMQ: ${line.slice(0, MOST.text)}`);
  });
}

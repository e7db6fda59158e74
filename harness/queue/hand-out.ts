/**
 * Hands out cases of one run to workers and collects what they make of them. A queue delivers at least once, and its
 * server may lose what it holds. So each case is owned here: it is enqueued until it has a result, and the first result
 * counts.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as passing } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { shownAddress } from './address.ts';
import { type Attendance, attendance } from './attendance.ts';
import { type Connection, type ConnectOptions, connect } from './connection.ts';
import { QueueError } from './error.ts';
import { queuePackages } from './packages.ts';
import {
  answerSchema,
  isCaseId,
  MOST,
  OFFER_MS,
  offerOf,
  PREFIX,
  parsedBy,
  RUNS,
  refusalsOf,
  type Task,
  workersOf,
} from './run.ts';

export interface HandOutOptions extends ConnectOptions {
  /** Plain data by which a worker knows whether it can take part. */
  readonly offer: unknown;
  /** After it, no case has a result any more. */
  readonly signal: AbortSignal;
}

export interface HandOut {
  /**
   * Hands out a case.
   * @param what plain data
   * @param check takes a result, or throws a phrase that says what is wrong with it
   * @throws {QueueError} when no worker could do it, or Redis is gone for too long
   * @throws the reason of an abort
   */
  give<Result>(what: unknown, check: (result: unknown) => Result): Promise<Result>;
  /** How many processes the workers run side by side, as far as is known; 0 without any. */
  places(): number;
  /** Removes all that this run has on the server. */
  close(): Promise<void>;
}

/** A case without a result. */
interface Open {
  readonly task: Task;
  readonly take: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
  /** How often it was failed, or a result refused. */
  failed: number;
}

const LOOK_MS = 50;
const BEAT_MS = 1000;
const AT_ONCE = 100;
/** How often a case is handed out that fails. */
const TRIES = 3;
const CLOSE_MS = 5000;
/** BullMQ keeps a copy of each result in a stream of events, which nobody reads. */
const EVENTS = 10;

/** @throws {QueueError} when Redis does not answer, or the packages are missing */
export async function openHandOut(options: HandOutOptions): Promise<HandOut> {
  const connection = await connect(options);
  const { Queue } = await queuePackages();
  const run = randomBytes(8).toString('hex');
  const queue = new Queue(run, {
    connection: connection.redis,
    prefix: PREFIX,
    streams: { events: { maxLen: EVENTS } },
  });
  // The connection says what is wrong.
  queue.on('error', () => {});
  const open = new OpenHandOut(run, queue, connection, options);
  await open.begin();
  return open;
}

class OpenHandOut implements HandOut {
  readonly #run: string;
  readonly #queue: Queue;
  readonly #connection: Connection;
  readonly #options: HandOutOptions;
  readonly #attendance: Attendance;
  readonly #open = new Map<string, Open>();
  readonly #stop = new AbortController();
  #given = 0;
  #failure: { readonly error: unknown } | undefined;
  #watching: Promise<void> | undefined;

  constructor(run: string, queue: Queue, connection: Connection, options: HandOutOptions) {
    this.#run = run;
    this.#queue = queue;
    this.#connection = connection;
    this.#options = options;
    this.#attendance = attendance(shownAddress(options.url), options.say);
    for (const signal of [options.signal, connection.lost]) {
      if (signal.aborted) this.#fail(signal.reason);
      signal.addEventListener('abort', () => this.#fail(signal.reason), { once: true });
    }
  }

  async begin(): Promise<void> {
    await this.#renew();
    this.#watching = this.#watch().catch((error: Error) =>
      this.#fail(new QueueError(`Redis failed: ${error.message.split('\n')[0]}`)),
    );
  }

  give<Result>(what: unknown, check: (result: unknown) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure.error);
        return;
      }
      this.#given += 1;
      const task = { run: this.#run, id: `case-${this.#given}`, what };
      const take = (result: unknown): void => resolve(check(result));
      this.#open.set(task.id, { task, take, fail: reject, failed: 0 });
      this.#enqueue(task);
    });
  }

  places = (): number => this.#attendance.places();

  async close(): Promise<void> {
    this.#stop.abort();
    const { redis, lost } = this.#connection;
    const removed = async (): Promise<void> => {
      // Otherwise it could renew the offer afterwards.
      await this.#watching;
      await redis.del(offerOf(this.#run), refusalsOf(this.#run), workersOf(this.#run));
      await redis.srem(RUNS, this.#run);
      await this.#queue.obliterate({ force: true });
    };
    const done = new AbortController();
    const tooLong = passing(CLOSE_MS, undefined, { signal: AbortSignal.any([lost, done.signal]) });
    // What stays on a server that does not answer, workers remove once the offer has expired.
    await Promise.race([removed().catch(() => {}), tooLong.catch(() => {})]);
    done.abort();
    this.#connection.close();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { fail } of this.#open.values()) fail(error);
    this.#open.clear();
  }

  /** Nothing is added for an id that is there. What gets lost on the way is enqueued by the next beat. */
  #enqueue(task: Task): void {
    this.#queue.add('case', task, { jobId: task.id }).catch(() => {});
  }

  async #watch(): Promise<void> {
    let beat = 0;
    while (!this.#stop.signal.aborted && this.#failure === undefined) {
      for (const state of ['completed', 'failed'] as const)
        for (const id of await this.#connection.redis.zrange(this.#queue.toKey(state), 0, `${AT_ONCE - 1}`))
          await this.#take(id, state);
      if (performance.now() - beat > BEAT_MS) {
        beat = performance.now();
        await this.#renew();
        await this.#enqueueLost();
        await this.#attendance.look(this.#connection.redis, this.#run, this.#open.size > 0);
      }
      await passing(LOOK_MS);
    }
  }

  async #renew(): Promise<void> {
    const { redis } = this.#connection;
    await redis.set(offerOf(this.#run), JSON.stringify(this.#options.offer), 'PX', OFFER_MS);
    await redis.sadd(RUNS, this.#run);
  }

  async #enqueueLost(): Promise<void> {
    const ids = [...this.#open.keys()];
    const asked = this.#connection.redis.pipeline(ids.map((id) => ['exists', this.#queue.toKey(id)]));
    const answers = ids.length === 0 ? [] : ((await asked.exec()) ?? []);
    for (const [at, [, there]] of answers.entries()) {
      // It may have got its result meanwhile.
      const own = this.#open.get(ids[at]!);
      if (there === 0 && own !== undefined) this.#enqueue(own.task);
    }
  }

  async #take(id: string, state: 'completed' | 'failed'): Promise<void> {
    const own = this.#open.get(id);
    if (own === undefined) {
      // Of a case that has its result, a second one may come.
      if (!isCaseId(id) || Number(id.slice('case-'.length)) > this.#given)
        this.#options.say(`ignored what is no case of this run: ${id.slice(0, 60)}`);
      await this.#remove(id, state);
      return;
    }
    const why = state === 'failed' ? await this.#reason(id) : await this.#result(id, own);
    if (why === undefined) {
      this.#open.delete(id);
      await this.#remove(id, state);
      return;
    }
    own.failed += 1;
    await this.#remove(id, state);
    if (own.failed < TRIES) {
      this.#options.say(`handing out ${id} again: ${why}`);
      this.#enqueue(own.task);
      return;
    }
    this.#open.delete(id);
    own.fail(new QueueError(`${id} was handed out ${TRIES} times without a result: ${why}`));
  }

  /** Takes the result of a case; says what is wrong with it if it is refused. */
  async #result(id: string, own: Open): Promise<string | undefined> {
    try {
      const {
        run,
        id: named,
        result,
      } = parsedBy(answerSchema, await this.#field(id, 'returnvalue', MOST.result), MOST.result);
      if (run !== this.#run || named !== id) throw new Error('it is of another case');
      own.take(result);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error) || this.#connection.lost.aborted) throw error;
      return `its result is refused: ${error.message.split('\n')[0]!.slice(0, MOST.text)}`;
    }
  }

  async #reason(id: string): Promise<string> {
    const text = await this.#field(id, 'failedReason', MOST.text).catch(() => 'no reason is given');
    return `it failed: ${text.split('\n')[0]}`;
  }

  /** Its length is asked first: whoever writes to Redis may write anything. */
  async #field(id: string, name: string, most: number): Promise<string> {
    const key = this.#queue.toKey(id);
    const bytes = await this.#connection.redis.hstrlen(key, name);
    if (bytes > most) throw new Error(`it has ${bytes} bytes, more than ${most}`);
    return (await this.#connection.redis.hget(key, name)) ?? '';
  }

  async #remove(id: string, state: string): Promise<void> {
    await this.#queue.remove(id).catch(() => 0);
    // An entry without a job, or one that cannot be removed, would be found again and again.
    await this.#connection.redis.zrem(this.#queue.toKey(state), id);
  }
}

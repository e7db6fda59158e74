/** A connection to Redis that is tried again when it breaks, for a while. */
import type { Redis } from 'ioredis';
import { shownAddress, withoutPassword } from './address.ts';
import { QueueError } from './error.ts';
import { queuePackages } from './packages.ts';

/** Milliseconds. */
export interface Patience {
  /** Until Redis must answer for the first time. */
  readonly first: number;
  /** How long Redis may be gone later. */
  readonly later: number;
}

const PATIENCE: Patience = { first: 10_000, later: 300_000 };

export interface ConnectOptions {
  readonly url: URL;
  /** Called with a line when Redis is gone and when it is back. */
  readonly say: (line: string) => void;
  /** By default 10 s for the first answer, then 5 minutes. */
  readonly patience?: Patience;
}

export interface Connection {
  readonly redis: Redis;
  /** Aborts with a {@link QueueError} once Redis has been gone for too long. */
  readonly lost: AbortSignal;
  /** Ends the connection at once. What waits for an answer fails. */
  close(): void;
}

/** How often it is looked whether Redis has been gone for too long. */
const LOOK_MS = 500;
/** A server that stops answering without closing its connections counts as gone. No command blocks for so long. */
const SILENT_MS = 30_000;
const [FIRST_RETRY_MS, MOST_RETRY_MS] = [100, 2000];
/** Another try would be refused, too. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid DB|ERR DB index)/;

/** @throws {QueueError} when Redis does not answer in time, or refuses */
export async function connect({ url, say, patience = PATIENCE }: ConnectOptions): Promise<Connection> {
  const { Redis: Client } = await queuePackages();
  const where = shownAddress(url);
  let isClosed = false;
  const redis = new Client(url.href, {
    // As redis-cli does it: other users of a machine see the arguments of a command.
    ...(url.password === '' && process.env.REDISCLI_AUTH ? { password: process.env.REDISCLI_AUTH } : {}),
    lazyConnect: true,
    // What is asked for while Redis is gone is answered when it is back.
    maxRetriesPerRequest: null,
    // BullMQ makes further connections with the same options.
    retryStrategy: (times) => (isClosed ? null : Math.min(FIRST_RETRY_MS * times, MOST_RETRY_MS)),
    socketTimeout: SILENT_MS,
    keepAlive: SILENT_MS,
  });
  let [problem, since]: [string, number | undefined] = ['no answer', performance.now()];
  let isUp = false;
  const lost = new AbortController();
  const answered = Promise.withResolvers<void>();
  const giveUp = (why: string): void => {
    const error = new QueueError(withoutPassword(`${why}: ${problem}`, url));
    answered.reject(error);
    lost.abort(error);
    close();
  };
  redis.on('error', ({ message, code }: NodeJS.ErrnoException) => {
    problem = message === '' ? (code ?? 'no answer') : message.split('\n')[0]!;
    if (!isUp && REFUSED.test(problem)) giveUp(`Redis at ${where} refuses`);
  });
  redis.on('ready', () => {
    if (isUp && since !== undefined) say(`Redis at ${where} is back`);
    [isUp, since] = [true, undefined];
    answered.resolve();
  });
  redis.on('close', () => {
    if (since !== undefined) return;
    since = performance.now();
    say(`Redis at ${where} is gone; trying again for ${Math.round(patience.later / 1000)} s …`);
  });
  const timer = setInterval(() => {
    if (since === undefined) return;
    const allowed = isUp ? patience.later : patience.first;
    if (performance.now() - since > allowed)
      giveUp(`Redis at ${where} did not answer for ${Math.round(allowed / 1000)} s`);
  }, LOOK_MS);
  const close = (): void => {
    isClosed = true;
    clearInterval(timer);
    since ??= performance.now();
    redis.disconnect();
  };
  redis.connect().catch(() => {});
  await answered.promise;
  return { redis, lost: lost.signal, close };
}

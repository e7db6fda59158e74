/** Handing out and working with a real Redis server, with cases that are only numbers. */
import { setTimeout as passing } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHandOut } from './hand-out.ts';
import { hasRedis, startRedis, type TestRedis } from './testing/redis.ts';
import { Refused, type WorkOptions, work } from './work.ts';

const PASSWORD = 'pass word/1';

describe.runIf(hasRedis)('a queue', { timeout: 60_000 }, () => {
  let server: TestRedis;
  let stop: AbortController;
  let said: string[];
  let working: Promise<unknown>[];
  beforeEach(async () => {
    server = await startRedis(PASSWORD);
    [stop, said, working] = [new AbortController(), [], []];
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(working);
    await server.remove();
  });
  const say = (line: string): void => void said.push(line);
  const handOut = (signal = new AbortController().signal, offer: unknown = { squares: true }) =>
    openHandOut({ url: new URL(server.url), offer, say, signal, patience: { first: 3000, later: 30_000 } });
  const number = (result: unknown): number => {
    if (typeof result !== 'number') throw new Error(`expected a number, received ${typeof result}`);
    return result;
  };
  /** Starts a worker that squares numbers, each in so many milliseconds. */
  const begin = (milliseconds: number, more: Partial<WorkOptions> = {}): number[] => {
    const done: number[] = [];
    working.push(
      work({
        url: new URL(server.url),
        say,
        jobs: 1,
        signal: stop.signal,
        join: async () => ({
          async do(what) {
            if (typeof what !== 'number') throw new Refused('expected a number');
            await passing(milliseconds);
            done.push(what);
            return what ** 2;
          },
          async end() {},
        }),
        ...more,
      }),
    );
    return done;
  };
  /** Takes part, and does not end a case before it must. */
  const unending: WorkOptions['join'] = async (_offer, signal) => ({
    do: () => new Promise((resolve) => signal.addEventListener('abort', resolve)),
    async end() {},
  });
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
  const squares = (count: number): number[] => upTo(count).map((one) => one ** 2);
  const runId = async (): Promise<string> => {
    while (server.cli('smembers', 'resumeproof:runs') === '') await passing(20);
    return server.cli('smembers', 'resumeproof:runs');
  };
  const until = async (is: () => boolean): Promise<void> => {
    for (let waited = 0; !is(); waited += 20) {
      if (waited > 20_000) throw new Error(`it does not come to it:\n${said.join('\n')}`);
      await passing(20);
    }
  };

  test('two workers do each case once, what is over leaves nothing behind, and no password is told', async () => {
    const hands = await handOut();
    const [mine, theirs] = [begin(20), begin(20)];
    await until(() => hands.places() === 2);
    const results = upTo(40).map((one) => hands.give(one, number));
    expect(await Promise.all(results)).toEqual(squares(40));
    await hands.close();
    expect([...mine, ...theirs].sort((a, b) => a - b)).toEqual(upTo(40));
    expect(Math.min(mine.length, theirs.length)).toBeGreaterThan(5);
    await until(() => said.filter((line) => line.startsWith('no longer taking part')).length === 2);
    // BullMQ leaves a mark of the last check for stalled jobs, which expires.
    await until(
      () =>
        server
          .cli('keys', '*')
          .replace(/^.*stalled-check$/m, '')
          .trim() === '',
    );
    expect(said.join('\n')).not.toMatch(/pass|%20/);
  });

  test('a case goes back to the queue when its worker is stopped', async () => {
    const hands = await handOut();
    const result = hands.give(3, number);
    const first = new AbortController();
    const ended = work({
      url: new URL(server.url),
      say,
      jobs: 1,
      signal: first.signal,
      join: unending,
    });
    await until(() => said.some((line) => line.startsWith('taking part')));
    await until(
      () => server.cli('llen', `resumeproof:${server.cli('smembers', 'resumeproof:runs')}:active`) === '1',
    );
    first.abort();
    await ended;
    const start = performance.now();
    begin(1);
    expect(await result).toBe(9);
    // It does not wait until its claim expires.
    expect(performance.now() - start).toBeLessThan(5000);
    await hands.close();
  });

  test.each(['kept', 'lost'] as const)(
    'a server that comes back with its data %s does not end a run',
    async (data) => {
      const hands = await handOut();
      const results = upTo(30).map((one) => hands.give(one, number));
      const done = begin(50);
      await until(() => done.length >= 5);
      await server.kill();
      // Cases are handed out meanwhile.
      results.push(hands.give(31, number));
      await passing(500);
      await server.start(data);
      expect(await Promise.all(results)).toEqual(squares(31));
      expect(said.filter((line) => /^Redis at redis:\/\/127.* is (gone|back)/.test(line))).toHaveLength(4);
      await hands.close();
    },
  );

  test('what is no case or no result of the run is refused in a line, and changes nothing', async () => {
    const hands = await handOut();
    const run = await runId();
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    const queue = new Queue(run, { connection: redis, prefix: 'resumeproof' });
    await queue.add('x', 'garbage', { jobId: 'garbage' });
    await queue.add('x', { run: '0123456789abcdef', id: 'case-9', what: 9 }, { jobId: 'case-9' });
    await queue.add('x', { run, id: 'case-7', what: 'a'.repeat(2e6) }, { jobId: 'case-7' });
    await redis.zadd(`resumeproof:${run}:completed`, 1, '\u001b[2Jnothing');
    await redis.sadd('resumeproof:runs', '../../etc/passwd', 'ffffffffffffffff');
    const results = upTo(4).map((one) => hands.give(one, number));
    // Results are there before any worker.
    await until(() => server.cli('exists', `resumeproof:${run}:case-4`) === '1');
    const forge = async (id: string, value: string): Promise<void> => {
      await redis.hset(`resumeproof:${run}:${id}`, 'returnvalue', value);
      await redis.zadd(`resumeproof:${run}:completed`, 1, id);
    };
    await forge('case-1', '{');
    await forge('case-2', JSON.stringify({ run: '0123456789abcdef', id: 'case-2', result: 5 }));
    await forge('case-3', JSON.stringify({ run, id: 'case-3', result: 'x' }));
    await forge('case-4', `"${'a'.repeat(17 * 1024 * 1024)}"`);
    await until(() => said.filter((line) => line.startsWith('handing out')).length === 4);
    begin(1);
    expect(await Promise.all(results)).toEqual(squares(4));
    await until(() => said.filter((line) => line.startsWith('ignored')).length >= 4);
    const lines = said.join('\n').replaceAll(run, 'RUN');
    for (const line of [
      /handing out case-1 again: its result is refused: .*JSON/,
      /handing out case-2 again: its result is refused: it is of another case/,
      /handing out case-3 again: its result is refused: expected a number, received string/,
      /handing out case-4 again: its result is refused: it has \d+ bytes, more than 16777216/,
      /ignored what is no case of this run: garbage/,
      /ignored what is no case of this run: case-9/,
      /refused a case of run RUN: .*expected object, received string/,
      /refused a case of run RUN: it is of another run/,
      /refused a case of run RUN: it has \d+ bytes, more than 1048576/,
    ])
      expect(lines).toMatch(line);
    await queue.close();
    redis.disconnect();
    await hands.close();
  });

  test('a case that no worker can do ends with an error, and a run that does not fit is left alone', async () => {
    const hands = await handOut();
    begin(1);
    await expect(hands.give('x', number)).rejects.toThrow(
      /^case-1 was handed out 3 times without a result: it failed: expected a number$/,
    );
    begin(1, {
      join: async () => {
        throw new Refused('its sources have other contents');
      },
    });
    await until(() => said.some((line) => /^worker .* does not take part: its sources/.test(line)));
    expect(await hands.give(5, number)).toBe(25);
    await hands.close();
  });

  test('without a worker it says so and waits, and an abort ends it', async () => {
    const stopped = new AbortController();
    const hands = await handOut(stopped.signal);
    const result = hands.give(1, number);
    await until(() =>
      said.some((line) => /^no worker takes part, waiting: start one .* redis:\/\/127/.test(line)),
    );
    stopped.abort(new Error('stopped'));
    await expect(result).rejects.toThrow('stopped');
    await hands.close();
    expect(server.cli('keys', '*')).toBe('');
  });

  test('a server that is gone for too long, or refuses, is told in one line', async () => {
    const url = new URL(server.url);
    url.password = 'wrong-password';
    const options = { say, offer: 0, signal: stop.signal, patience: { first: 800, later: 1500 } };
    await expect(openHandOut({ ...options, url })).rejects.toThrow(
      /^Redis at redis:\/\/127\.0\.0\.1:\d+ refuses: (WRONGPASS|ERR AUTH).*$/,
    );
    const hands = await openHandOut({ ...options, url: new URL(server.url) });
    const result = hands.give(1, number);
    const ended = work({
      ...options,
      url: new URL(server.url),
      jobs: 1,
      join: unending,
    }).catch((error) => error.message);
    await passing(300);
    await server.kill();
    const gone = /^Redis at redis:\/\/127\.0\.0\.1:\d+ did not answer for 2 s: connect ECONNREFUSED.*$/;
    await expect(result).rejects.toThrow(gone);
    expect(await ended).toMatch(gone);
    await hands.close();
    await expect(openHandOut({ ...options, url: new URL(server.url) })).rejects.toThrow(
      /did not answer for 1 s: /,
    );
    expect(said.join('\n')).not.toMatch(/pass/);
  });
});

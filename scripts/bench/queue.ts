/** Runs a kill matrix through a queue, with one worker and with two, as users start them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { openHandOut } from '../../harness/queue/hand-out.ts';
import { startRedis, type TestRedis } from '../../harness/queue/testing/redis.ts';
import { work } from '../../harness/queue/work.ts';
import { measureMutants } from './mutants.ts';

export interface QueueCost {
  readonly cells: number;
  /** Seconds that one worker and two workers took, each time. */
  readonly one: readonly number[];
  readonly two: readonly number[];
  /** Cores that the only worker used, each time, with the processes that it started. Only on Linux. */
  readonly cores: readonly number[];
}

const [WAITS, WAIT_MS] = [100, 100];

/**
 * How many times as many cases two workers do as one, if a case only waits: what the queue itself costs, whatever else
 * runs on this machine.
 */
export async function measureWaiting(): Promise<number> {
  const server = await startRedis();
  try {
    const [one, two] = [await waited(server, 1), await waited(server, 2)];
    return one / two;
  } finally {
    await server.remove();
  }
}

/** @returns seconds */
async function waited(server: TestRedis, count: number): Promise<number> {
  const common = { url: new URL(server.url), say() {} };
  const stop = new AbortController();
  const wait = { do: () => passing(WAIT_MS, 0), end: async () => {} };
  const hands = await openHandOut({ ...common, offer: 0, signal: stop.signal });
  const workers = Array.from({ length: count }, () =>
    work({ ...common, jobs: 1, signal: stop.signal, join: async () => wait }),
  );
  while (hands.places() < count) await passing(WAIT_MS);
  const start = performance.now();
  await Promise.all(Array.from({ length: WAITS }, () => hands.give(null, Number)));
  const seconds = (performance.now() - start) / 1000;
  await hands.close();
  stop.abort();
  await Promise.all(workers);
  return seconds;
}

const main = path.join(import.meta.dirname, '..', '..', 'harness', 'cli', 'main.ts');

/**
 * Each worker runs one process at a time, on a core of its own if the system can bind it to one: as if each were a
 * machine. One and two workers take turns, so that both meet the same load.
 * @param args arguments of `resumeproof mutants`, besides the backend
 */
export async function measureQueue(args: readonly string[], rounds: number): Promise<QueueCost> {
  const server = await startRedis();
  const cost = { cells: 0, one: [] as number[], two: [] as number[], cores: [] as number[] };
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const count of [1, 2] as const) {
        const { seconds, cells, cores } = await measured(server, args, count);
        cost[count === 1 ? 'one' : 'two'].push(seconds);
        cost.cells = cells;
        if (count === 1 && cores !== undefined) cost.cores.push(cores);
      }
  } finally {
    await server.remove();
  }
  return cost;
}

async function measured(server: TestRedis, args: readonly string[], count: number) {
  const workers = Array.from({ length: count }, (_, core) => started(server.url, core));
  try {
    await Promise.all(workers.map(waits));
    const { seconds, cells, problem } = await measureMutants([...args, '--redis', server.url]);
    const [spent] = workers.map(({ pid }) => secondsOf(pid!));
    if (cells.notRun > 0) throw new Error(`cells were not run: ${problem}`);
    return {
      seconds,
      cells: cells.judged + cells.equivalent,
      cores: spent === undefined ? undefined : spent / seconds,
    };
  } finally {
    await Promise.all(workers.map(ended));
  }
}

/** Whether processes can be bound to a core: on Linux, by util-linux. */
export const isBound = spawnSync('taskset', ['--version']).status === 0;

function started(url: string, core: number): ChildProcess {
  const node = [process.execPath, '--no-warnings', main, 'worker', '--redis', url, '--jobs', '1'];
  const [program, ...args] = isBound ? ['taskset', '-c', String(core % cpus().length), ...node] : node;
  return spawn(program!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: path.join(import.meta.dirname, '..', '..'),
  });
}

/** Until it says that it waits. */
const waits = (worker: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.stderr?.on('data', (text: Buffer) => {
      if (text.toString().includes('waiting for runs')) resolve();
    });
    worker.once('exit', (code) => reject(new Error(`a worker ended with exit code ${code}`)));
  });

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGINT');
  await Promise.race([gone, passing(10_000).then(() => worker.kill('SIGKILL'))]);
}

const TICKS = 100;

/** CPU time of a process and of those that it has started and that have ended; undefined where /proc is missing. */
function secondsOf(pid: number): number | undefined {
  try {
    const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) /);
    const [user, system, ofChildren, systemOfChildren] = rest!.split(' ').slice(11, 15).map(Number);
    return (user! + system! + ofChildren! + systemOfChildren!) / TICKS;
  } catch {
    return undefined;
  }
}

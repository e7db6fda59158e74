/** Who works for a run, as workers say it on the server, and telling its user. */
import type { Redis } from 'ioredis';
import { MOST, MOST_ENTRIES, refusalsOf, workersOf } from './run.ts';

export interface Attendance {
  /** Reads who works, and says what has changed. */
  look(redis: Redis, run: string, isWaiting: boolean): Promise<void>;
  /** How many processes the workers run side by side. */
  places(): number;
}

interface Seen {
  readonly beat: string;
  readonly places: number;
  readonly at: number;
}

/** A worker that has said nothing new for so long is gone. */
const GONE_MS = 15_000;
const [ALONE_MS, ALONE_AGAIN_MS] = [5000, 60_000];
const NAME = /^[\w.-]{1,80}$/;
const SAID = /^(?<beat>\d{1,15}) (?<places>[1-9]\d{0,3})$/;

export function attendance(where: string, say: (line: string) => void): Attendance {
  const working = new Map<string, Seen>();
  const refusals = new Set<string>();
  let aloneSince = performance.now();
  let saidAlone: number | undefined;
  const note = (name: string, said: string): void => {
    const { beat, places } = SAID.exec(said)?.groups ?? {};
    if (!NAME.test(name) || beat === undefined) return;
    const before = working.get(name);
    if (before?.beat === beat) return;
    if (before === undefined) say(`worker ${name} takes part, ${places} at a time`);
    working.set(name, { beat, places: Number(places), at: performance.now() });
  };
  return {
    places: () => [...working.values()].reduce((sum, { places }) => sum + places, 0),
    async look(redis, run, isWaiting) {
      const said = await fields(redis, workersOf(run));
      for (const [name, text] of Object.entries(said)) note(name, text);
      for (const [name, { at }] of working)
        if (said[name] === undefined || performance.now() - at > GONE_MS) {
          working.delete(name);
          say(`worker ${name} is gone`);
        }
      for (const [name, why] of Object.entries(await fields(redis, refusalsOf(run)))) {
        if (!NAME.test(name) || refusals.has(name)) continue;
        refusals.add(name);
        say(`worker ${name} does not take part: ${why.split('\n')[0]!.slice(0, MOST.text)}`);
      }
      const now = performance.now();
      if (working.size > 0 || !isWaiting) [aloneSince, saidAlone] = [now, undefined];
      else if (now - (saidAlone ?? aloneSince) > (saidAlone === undefined ? ALONE_MS : ALONE_AGAIN_MS)) {
        saidAlone = now;
        say(
          `no worker takes part, waiting: start one in the same folder with resumeproof worker --redis ${where}`,
        );
      }
    },
  };
}

async function fields(redis: Redis, key: string): Promise<Record<string, string>> {
  return (await redis.hlen(key)) > MOST_ENTRIES ? {} : redis.hgetall(key);
}

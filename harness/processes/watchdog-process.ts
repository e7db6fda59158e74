/** The process of the watchdog: reads `+pid` and `-pid` until its parent is gone, then ends what is left. */
import { createInterface } from 'node:readline';
import { endGroup, endMarked } from './mark.ts';

const running = new Set<number>();
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) running.add(pid);
  else running.delete(pid);
}
for (const pid of running) endGroup(pid);
await endMarked(process.argv[2]!);

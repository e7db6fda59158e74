/** Runs the processes that resume, one after another, and places the checkpoints between them. */
import path from 'node:path';
import type { Plan } from '../trace/schema.ts';
import type { ProcessResult } from './process.ts';
import type { Start } from './start.ts';

/** Where the n-th save of a run goes, from 0; null after the last resume, which does not save. */
export const checkpointOf = (plan: Plan, folder: string, index: number): string | null =>
  index < plan.resumeAt.length ? path.join(folder, 'checkpoints', `step-${plan.resumeAt[index]}`) : null;

/** Runs each `after` in turn, the first from this checkpoint; stops at one that did not finish or is enough. */
export async function runResumes(
  plan: Plan,
  folder: string,
  first: string | null,
  start: Start,
  enough: (after: ProcessResult) => boolean = () => false,
): Promise<ProcessResult[]> {
  const results: ProcessResult[] = [];
  for await (const { after } of resumesOf(plan, folder, first, start)) {
    results.push(after);
    if (enough(after)) break;
  }
  return results;
}

/** Runs each `after` in turn, the first from this checkpoint; stops at one that did not finish. */
export async function* resumesOf(
  plan: Plan,
  folder: string,
  first: string | null,
  start: Start,
): AsyncGenerator<{ readonly after: ProcessResult; readonly segment: number }> {
  let checkpoint = first;
  for (let segment = 1; segment <= plan.resumeAt.length; segment++) {
    const saveTo = checkpointOf(plan, folder, segment);
    const after = await start('after', segment, { checkpoint, saveTo });
    yield { after, segment };
    if (after.trace.end === undefined) return;
    checkpoint = saveTo;
  }
}

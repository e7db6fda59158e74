/** Reads and judges traces in its own process, to measure memory: `judge.ts FOLDER PLAN RUN...` sends its figures. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { collectEvidence } from '../../harness/judge/collect.ts';
import { judge } from '../../harness/judge/judge.ts';
import type { Outcome } from '../../harness/judge/verdict.ts';
import { traceReader } from '../../harness/trace/read.ts';
import type { Plan, Trace } from '../../harness/trace/schema.ts';

export interface JudgeCost {
  readonly outcome: Outcome | 'skipped';
  readonly headline: string;
  readonly bytes: number;
  /** Seconds. */
  readonly reading: number;
  readonly judging: number;
  /** CPU seconds of judging, which are more reliable on a busy machine. */
  readonly processor: number;
  /** Peak memory of the process in bytes, and its memory before reading. */
  readonly peak: number;
  readonly start: number;
}

async function measure(folder: string, plan: Plan, runs: readonly string[]): Promise<JudgeCost> {
  const files = runs.map((run) => path.join(folder, run, 'trace.jsonl'));
  const sizes = await Promise.all(files.map((file) => stat(file)));
  const start = process.memoryUsage.rss();
  const began = performance.now();
  const traceOf = traceReader();
  const traces: Trace[] = [];
  for (const file of files) traces.push(await traceOf(file));
  const read = performance.now();
  const used = process.cpuUsage();
  const subject = { scenario: 'synthetic', about: '', expect: 'proven' as const, replay: '' };
  const { outcome, headline } = judge(subject, collectEvidence(plan, 'wasm', traces));
  const judging = (performance.now() - read) / 1000;
  const { user, system } = process.cpuUsage(used);
  return {
    outcome,
    headline,
    bytes: sizes.reduce((sum, { size }) => sum + size, 0),
    reading: (read - began) / 1000,
    judging,
    processor: (user + system) / 1e6,
    peak: process.resourceUsage().maxRSS * 1024,
    start,
  };
}

const [folder, plan, ...runs] = process.argv.slice(2) as [string, string, ...string[]];
const measured = await measure(folder, JSON.parse(plan), runs);
process.send!(measured, () => process.exit());

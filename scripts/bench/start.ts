/** Measures the time from process start to the first training step, for the trainer alone and under the harness. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { BackendName } from '../../harness/backend/names.ts';
import type { Job } from '../../harness/run/job.ts';
import { runProcess } from '../../harness/run/process.ts';
import { readTrace } from '../../harness/trace/read.ts';
import { median } from './figures.ts';
import { controlJob } from './job.ts';

const root = path.join(import.meta.dirname, '..', '..');
// .ts from source, .js in the bundle.
const EXTENSION = path.extname(import.meta.url);
/** The image scenario that all backends run. */
const SCENARIO = 'hooks-after-resume-backward-pass';
const FILE = path.join(root, 'scenarios', `${SCENARIO}${EXTENSION}`);
const PLAN = { steps: 6, resumeAt: [3] };

export interface StartCost {
  /** Medians in milliseconds, from starting the process until it reports its first step. */
  readonly bare: number;
  readonly harness: number;
  /** Median over the rounds of harness − bare. */
  readonly added: number;
  /** Milliseconds; median over the trainer's steps after the first, when kernels are compiled. */
  readonly step: number;
}

export async function measureStart(backend: BackendName, rounds: number): Promise<StartCost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const [bare, harness, steps]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round += 1) {
      const own = path.join(folder, String(round));
      const job = controlJob({ scenario: SCENARIO, file: FILE, plan: PLAN, backend, folder: own });
      const sides = [
        async () => harness.push(await underTheHarness(job)),
        async () => {
          const alone = await trainerAlone(job);
          bare.push(alone.first);
          steps.push(...alone.steps);
        },
      ];
      for (const side of round % 2 === 0 ? sides : sides.reverse()) await side();
    }
    return {
      bare: median(bare),
      harness: median(harness),
      added: median(harness.map((milliseconds, round) => milliseconds - bare[round]!)),
      step: median(steps),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function underTheHarness(job: Job): Promise<number> {
  const start = performance.now();
  let first: number | undefined;
  const { trace } = await runProcess(job, {
    limits: { step: 120, run: 600 },
    signal: new AbortController().signal,
    read: readTrace,
    onProgress: ({ kind }) => {
      if (kind === 'step') first ??= performance.now() - start;
    },
  });
  if (first === undefined)
    throw new Error(trace.failure?.message ?? 'the process ended before its first step');
  return first;
}

async function trainerAlone(job: Job): Promise<{ first: number; steps: readonly number[] }> {
  const start = performance.now();
  let first: number | undefined;
  const child = execa(
    process.execPath,
    ['--no-warnings', path.join(import.meta.dirname, `bare${EXTENSION}`), JSON.stringify(job)],
    { ipc: true, serialization: 'json', stdin: 'ignore', reject: false },
  );
  child.on('message', () => {
    first ??= performance.now() - start;
  });
  const { ipcOutput, stderr } = await child;
  const steps = ipcOutput as number[];
  if (first === undefined || steps.length < 2) throw new Error(stderr.trim().split('\n').at(-1));
  return { first, steps: steps.slice(1) };
}

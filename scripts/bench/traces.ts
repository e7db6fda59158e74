/** Writes traces of synthetic runs of any size, like those of the harness. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { idOf } from '../../harness/trace/plan.ts';
import type { BackendRecord, Plan, Role, StateRecord, TensorRecord } from '../../harness/trace/schema.ts';
import { createTrace } from '../../harness/trace/write.ts';

/** Equal runs; a resume that loses the optimizer's state; controls that differ in their last bits. */
export const CASES = ['healthy', 'faulty', 'noisy'] as const;
export type Case = (typeof CASES)[number];

interface Run {
  readonly role: Role;
  readonly segment: number;
  readonly from: number;
  readonly to: number;
}

/** Writes one trace per run and returns the names of their folders. */
export async function writeTraces(
  folder: string,
  which: Case,
  plan: Plan,
  parameters: number,
): Promise<string[]> {
  const [at] = plan.resumeAt as [number];
  const whole = { from: 0, to: plan.steps };
  const twins = which === 'noisy' ? [1, 2, 3] : [];
  const runs: Run[] = [
    { role: 'control', segment: 0, ...whole },
    ...twins.map((segment) => ({ role: 'twin' as const, segment, ...whole })),
    { role: 'before', segment: 0, from: 0, to: at },
    { role: 'after', segment: 1, from: at, to: plan.steps },
  ];
  for (const [index, run] of runs.entries()) {
    await writeRun(path.join(folder, idOf(run.role, run.segment)), run, plan, parameters, {
      lost: which === 'faulty' && run.role === 'after',
      // A run resumes from exactly what the run before it saved.
      noise: which === 'noisy' ? (step) => (run.from > 0 && step <= run.from ? index : index + 1) : undefined,
    });
  }
  return runs.map(({ role, segment }) => idOf(role, segment));
}

interface Deviation {
  readonly lost: boolean;
  /** Seed of a run's noise after a step. */
  readonly noise: ((step: number) => number) | undefined;
}

async function writeRun(
  folder: string,
  { role, segment, from, to }: Run,
  plan: Plan,
  parameters: number,
  { lost, noise }: Deviation,
): Promise<void> {
  await mkdir(folder);
  const trace = createTrace(path.join(folder, 'trace.jsonl'));
  const names = Array.from({ length: parameters }, (_, at) => `block.${at >> 3}.weight.${at & 7}`);
  /** About 1 and the same in each run; with noise, the same to about float32 precision. */
  const value = (kind: number, step: number, at: number): number => {
    const own = 1 + unit(kind, step, at) / 2 + (lost && step > from ? 0.1 : 0);
    return noise === undefined ? own : own * (1 + 1e-7 * (unit(noise(step), kind * 1e6 + step, at) - 0.5));
  };
  const column = (kind: number, step: number): number[] => names.map((_, at) => value(kind, step, at));
  const stateAt = (at: StateRecord['at'], step: number): StateRecord => ({
    kind: 'state',
    at,
    step,
    tensors: names.flatMap((name, index): TensorRecord[] =>
      ['parameter', 'slot'].map((kind, offset) => {
        const l2 =
          lost && kind === 'slot' && at === 'resume' ? 0 : value(kind === 'parameter' ? 1 : 6, step, index);
        return {
          kind: kind as 'parameter' | 'slot',
          name: kind === 'slot' ? `${name}.momentum` : name,
          ...(kind === 'slot' ? { parameter: name } : {}),
          shape: [64, 64],
          dtype: 'float32',
          storage: 2 * index + offset,
          digest: sha256(l2),
          l2,
          sketch: [1, 2, 3, 4].map((sum) => l2 * unit(sum, 0, index)),
        };
      }),
    ),
    random: { noise: sha256(step) },
    counters: { step },
  });
  trace.write({
    kind: 'run',
    format: 2,
    scenario: 'synthetic',
    role,
    id: idOf(role, segment),
    horizon: plan.steps,
    until: to,
    stepIs: 'micro-batch',
    seed: 0,
    lacks: ['samples'],
    backend: { ...BACKEND, deterministic: noise === undefined },
    process: { pid: 1, runtime: process.version, platform: process.platform },
  });
  if (from > 0) {
    const source = { process: idOf('before', 0), checkpoint: `step-${from}` };
    trace.write({ kind: 'resumed', step: from, from: source });
  }
  trace.write(stateAt(from === 0 ? 'start' : 'resume', from));
  trace.write({ kind: 'parameters', names, groups: names.map(() => 'all') });
  const ones = names.map(() => 1);
  for (let step = from + 1; step <= to; step += 1) {
    const learningRate = 1e-3 / Math.sqrt(step);
    trace.write({
      kind: 'step',
      step,
      seconds: 0.01 + segment / 1e4,
      claimed: {
        step,
        loss: value(0, step, 0),
        learningRates: { all: learningRate },
        batch: Array.from({ length: 8 }, (_, at) => `image ${(step * 8 + at) % 1000}`),
        applied: true,
      },
      l2: column(1, step),
      updateL2: column(2, step),
      changed: names.map(() => true),
      gradientL2: column(3, step),
      appliedGradientL2: column(4, step),
      hookCalls: ones,
      updates: ones,
      learningRates: names.map(() => learningRate),
      strayHookCalls: 0,
      strayUpdates: 0,
      strayGradients: 0,
    });
    if ((role === 'control' || role === 'twin') && plan.resumeAt.includes(step))
      trace.write(stateAt('pass', step));
  }
  const saves = to < plan.steps;
  trace.write(stateAt(saves ? 'save' : 'end', to));
  if (saves) trace.write({ kind: 'saved', step: to, checkpoint: `step-${to}`, seconds: 1, bytes: 1 });
  trace.write({ kind: 'end', step: to, seconds: { startup: 1, training: 1, probing: 1, sampling: 0 } });
  trace.write({ kind: 'process', outcome: 'exited', exitCode: 0, signal: null, seconds: 1, stderr: [] });
  trace.close();
}

const BACKEND: BackendRecord = {
  requested: 'wasm',
  name: 'wasm',
  adapter: 'CPU',
  driver: null,
  hardware: false,
  deterministic: true,
  versions: {},
};

/** A pseudo-random number between 0 and 1, with as many digits as a double has. */
function unit(a: number, b: number, c: number): number {
  const sum = a * 0.7548776662466927 + b * 0.5698402909980532 + c * 0.6180339887498949;
  const scattered = Math.sin(sum * 12.9898) * 43758.5453;
  return scattered - Math.floor(scattered);
}

const sha256 = (value: number): string => {
  const bytes = Buffer.alloc(32);
  bytes.writeDoubleLE(value);
  return bytes.toString('hex');
};

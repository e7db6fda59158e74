/**
 * Measures training steps in its own process, because TensorFlow.js keeps global state and wasm's memory never
 * shrinks: `steps.ts probe ROUNDS BACKEND SIZE` or `steps.ts fused ROUNDS MODE`. Sends its figures and exits.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBackend } from '../../harness/backend/backend.ts';
import { createProbe } from '../../harness/probe/probe.ts';
import { createTrace } from '../../harness/trace/write.ts';
import { interleave, type Sides } from './figures.ts';
import { peakBytes } from './memory.ts';
import { type BenchTrainer, createTrainer, type Mode, type Size } from './trainer.ts';

/** Steps of one kind in a row, so that each kind pays for the work that it leaves on the device. */
const STEPS = 2;
const WARM_UP = 2;

export interface ProbeCost {
  readonly device: string;
  readonly parameters: number;
  /** First bare, second probed. */
  readonly step: Sides;
}

export interface FusedCost {
  readonly parameters: number;
  /** First unfused, second fused. */
  readonly step: Sides;
  /** Peak bytes of one step beyond those before it. */
  readonly unfusedBytes: number;
  readonly fusedBytes: number;
}

async function measureProbe(backendName: string, size: Size, rounds: number): Promise<ProbeCost> {
  const backend = await openBackend(backendName);
  const { adapter } = backend.record;
  const trainer = createTrainer('fused-backward-pass', true, size);
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const trace = createTrace(path.join(folder, 'trace.jsonl'));
    const probe = createProbe(trainer, folder, trace.write);
    let step = 0;
    const bare = steps(trainer, () => trainer.step());
    const probed = steps(trainer, () => probe.step(++step));
    await interleave(WARM_UP, bare, probed);
    const sides = await interleave(rounds, bare, probed);
    trace.close();
    backend.assertStillActive();
    return { device: adapter, parameters: trainer.parameters, step: perStep(sides) };
  } finally {
    await rm(folder, { recursive: true });
    await backend.close();
  }
}

async function measureFused(mode: Mode, rounds: number): Promise<FusedCost> {
  await openBackend('wasm');
  const [unfused, fused] = [createTrainer(mode, false), createTrainer(mode, true)];
  const sides = [unfused, fused].map((trainer) => steps(trainer, () => trainer.step())) as [Run, Run];
  await interleave(WARM_UP, ...sides);
  const step = perStep(await interleave(rounds, ...sides));
  return {
    parameters: fused.parameters,
    step,
    unfusedBytes: await peakBytes(() => unfused.step()),
    fusedBytes: await peakBytes(() => fused.step()),
  };
}

type Run = () => Promise<void>;

function steps(trainer: BenchTrainer, step: () => Promise<unknown>): Run {
  return async () => {
    for (let n = 0; n < STEPS; n += 1) await step();
    // The loss is ready before the update is done; reading a weight waits for the update.
    await trainer.observe().parameters.at(-1)!.variable.data();
  };
}

const perStep = (sides: Sides): Sides => ({
  ...sides,
  first: sides.first / STEPS,
  second: sides.second / STEPS,
});

const [what, rounds, which, size] = process.argv.slice(2) as ['probe' | 'fused', string, string, Size];
const measured =
  what === 'probe'
    ? await measureProbe(which, size, Number(rounds))
    : await measureFused(which as Mode, Number(rounds));
process.send!(measured, () => process.exit());

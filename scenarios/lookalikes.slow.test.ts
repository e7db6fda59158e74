/** Scenarios that look broken but are not. Each must be what it claims, or its silence would prove nothing. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../harness/backend/backend.ts';
import { loadCheckpoint } from '../harness/checkpoint/checkpoint.ts';
import { checkHistory } from '../harness/run/check-history.ts';
import { rehearseRuns } from '../harness/run/testing/rehearse.ts';
import { planOf } from '../harness/trace/history.ts';
import type { BackendRecord, StateRecord, Trace, TracedStep } from '../harness/trace/schema.ts';
import type { Scenario } from '../harness/training/trainer.ts';
import accumulationEachPhase from './accumulation-each-phase.ts';
import afterTheLastStep from './after-the-last-step.ts';
import convergedWeights from './converged-weights.ts';
import deadRelu from './dead-relu.ts';
import frozenLayers from './frozen-layers.ts';
import gan from './gan.ts';
import lora from './lora.ts';
import lossScaling from './loss-scaling.ts';
import scheduleToZero from './schedule-to-zero.ts';
import sparseEmbedding from './sparse-embedding.ts';
import warmupAtZero from './warmup-at-zero.ts';

let scratch: string;
let backend: BackendRecord;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-lookalikes-'));
  backend = (await openBackend('wasm')).record;
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Runs {
  readonly control: Trace;
  /** Recorded by the process that ended at each resume point. */
  readonly saved: readonly StateRecord[];
  readonly after: readonly Trace[];
  readonly resumeAt: readonly number[];
  /** Path of a checkpoint. */
  readonly checkpoint: (index: number) => string;
}

let runs = 0;
/** Runs the scenario's own plan in this process. */
async function run(scenario: Scenario): Promise<Runs> {
  const folder = path.join(scratch, String(runs++));
  await mkdir(folder);
  const plan = planOf(checkHistory(scenario.plan, 'the scenario'));
  const { resumeAt } = plan;
  const traces = await rehearseRuns({ scenario, plan, backend, folder, controls: 1, onRun: () => {} });
  const [control] = traces;
  return {
    control: control!,
    saved: traces.flatMap(({ states }) => states.filter(({ at }) => at === 'save')),
    after: traces.filter(({ run }) => run?.role === 'after'),
    resumeAt,
    checkpoint: (index) => path.join(folder, `checkpoint-${index}`),
  };
}

const movedIn = (step: TracedStep): readonly string[] => step.names.filter((_, at) => step.changed[at]);
const moved = (steps: readonly TracedStep[]): Set<string> => new Set(steps.flatMap(movedIn));
const between = ({ steps }: Trace, from: number, to: number): readonly TracedStep[] =>
  steps.filter(({ step }) => step > from && step <= to);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** A parameter's entry in a column of a step. */
const of = <T>(step: TracedStep, column: readonly T[], name: string): T => column[step.names.indexOf(name)]!;
const trainable = (state: StateRecord): string[] =>
  state.tensors.filter((tensor) => tensor.kind === 'parameter' && tensor.trainable).map(({ name }) => name);

test('warmup-at-zero updates at learning rate 0 right after its resume and moves later', async () => {
  const { control, resumeAt } = await run(warmupAtZero);
  const [first] = between(control, resumeAt[0]!, control.steps.length);
  expect(first!.claimed.applied).toBe(true);
  expect(sum(first!.updates)).toBeGreaterThan(0);
  expect(new Set(first!.learningRates)).toEqual(new Set([0]));
  expect(movedIn(first!)).toEqual([]);
  expect(movedIn(control.steps.at(-1)!)).not.toEqual([]);
});

test('schedule-to-zero moves after its resume and ends with updates that change nothing', async () => {
  const { control, resumeAt } = await run(scheduleToZero);
  const segment = between(control, resumeAt[0]!, control.steps.length);
  expect(movedIn(segment[0]!)).not.toEqual([]);
  for (const step of segment.slice(-2)) {
    expect(sum(step.updates)).toBeGreaterThan(0);
    expect(new Set(step.learningRates)).toEqual(new Set([0]));
    expect(movedIn(step)).toEqual([]);
  }
});

test('loss-scaling skips steps before and after a resume, and trains after the last one', async () => {
  const { control, resumeAt, saved } = await run(lossScaling);
  const points = [0, ...resumeAt, control.steps.length];
  const skips = points
    .slice(1)
    .map((to, at) =>
      between(control, points[at]!, to).filter(
        ({ updates, claimed }) => sum(updates) === 0 && !claimed.applied,
      ),
    );
  expect(skips[0]!.length).toBeGreaterThan(0);
  expect(skips.slice(1).flat().length).toBeGreaterThan(0);
  for (const step of skips.flat()) expect(movedIn(step)).toEqual([]);
  expect(moved(between(control, resumeAt.at(-1)!, control.steps.length)).size).toBeGreaterThan(0);
  expect(saved[0]!.counters.lossScale).toBeLessThan(control.states[0]!.counters.lossScale as number);
});

const isBias = (name: string): boolean => name.endsWith('.bias');

test.each<[string, Scenario, 'frozen' | 'without gradient', (name: string) => boolean]>([
  ['frozen-layers', frozenLayers, 'frozen', (name) => name.startsWith('hidden.0') || isBias(name)],
  // Parameters before the dead units, and parameters that read their zeros.
  [
    'dead-relu',
    deadRelu,
    'without gradient',
    (name) => name.startsWith('hidden.0') || name === 'hidden.1.weight',
  ],
  ['converged-weights', convergedWeights, 'without gradient', (name) => name !== 'head.bias'],
])('%s has parameters that never move and parameters that do', async (_, scenario, why, still) => {
  const { control } = await run(scenario);
  const { names } = control.steps[0]!;
  expect(names.filter((name) => !moved(control.steps).has(name))).toEqual(names.filter(still));
  const trained = trainable(control.states[0]!);
  expect(trained).toEqual(names.filter((name) => why !== 'frozen' || !still(name)));
  const gradient = why === 'frozen' ? null : 0;
  for (const step of control.steps) {
    expect(names.filter((name) => of(step, step.gradientL2, name) === gradient)).toEqual(names.filter(still));
  }
});

test('sparse-embedding updates only the rows of the batch in each step', async () => {
  const context = { role: 'control', seed: 0, images: undefined, checkpoint: undefined } as const;
  const plan = planOf(checkHistory(sparseEmbedding.plan, 'the scenario'));
  const trainer = await sparseEmbedding.trainer({ ...context, plan, weightsOnly: false });
  const rows = async (): Promise<string[]> => {
    const { variable } = trainer.observe().parameters.find(({ name }) => name === 'embedding.weight')!;
    return ((await variable.array()) as number[][]).map(String);
  };
  let updates = 0;
  for (let step = 0; step < plan.steps; step += 1) {
    const before = await rows();
    const { batch, learningRate } = await trainer.step();
    const after = await rows();
    // No row moves while the learning rate is 0.
    if (Object.values(learningRate).every((learningRate) => learningRate === 0)) continue;
    updates += 1;
    const changed = after.filter((row, at) => row !== before[at]).length;
    const seen = new Set(batch!.map((id) => id.split(' at ')[0])).size;
    expect(changed).toBe(seen);
    expect(changed).toBeLessThan(after.length);
  }
  expect(updates).toBe(plan.steps - 1);
});

test('lora starts with zero gradients for A and does not save its base', async () => {
  const { control, checkpoint } = await run(lora);
  const [first, second] = control.steps as [TracedStep, TracedStep];
  const named = (part: string): string[] => first.names.filter((name) => name.includes(part));
  const [a, b] = [named('lora_a'), named('lora_b')];
  expect(a.length).toBeGreaterThan(0);
  expect(a.map((name) => of(first, first.gradientL2, name))).toEqual(a.map(() => 0));
  for (const name of b) expect(of(first, first.gradientL2, name), name).toBeGreaterThan(0);
  // The schedule starts at learning rate 0, so B first moves in the second step.
  expect(a.map((name) => of(second, second.gradientL2, name))).toEqual(a.map(() => 0));
  expect(of(control.steps[2]!, control.steps[2]!.gradientL2, a[0]!)).toBeGreaterThan(0);
  const kept = [...(await loadCheckpoint(checkpoint(0))).tensors.model!.keys()];
  expect(kept.toSorted()).toEqual([...a, ...b].toSorted());
  expect(trainable(control.states[0]!).toSorted()).toEqual([...a, ...b].toSorted());
});

test('accumulation-each-phase is saved at each phase of its window, with the gradients accumulated so far', async () => {
  const { control, saved } = await run(accumulationEachPhase);
  const updated = control.steps.filter(({ updates }) => sum(updates) > 0).map(({ step }) => step);
  expect(updated).toEqual([3, 6, 9, 12]);
  const waiting = saved.map(({ step, tensors }) => [
    step % 3,
    tensors.some(({ kind, l2 }) => kind === 'gradient' && l2 > 0),
  ]);
  expect(waiting.toSorted()).toEqual([
    [0, false],
    [1, true],
    [2, true],
  ]);
});

test('after-the-last-step has steps in its first segment and none in its last', async () => {
  const { after, resumeAt, control } = await run(afterTheLastStep);
  expect(resumeAt.at(-1)).toBe(control.steps.length);
  expect(after.map(({ steps }) => steps.length)).toEqual([3, 0]);
  expect(after.at(-1)!.states.map(({ at }) => at)).toEqual(['resume', 'end']);
  expect(moved(after[0]!.steps).size).toBeGreaterThan(0);
});

test('gan has two optimizers with their own step counts and learning rates, and both train in each step', async () => {
  const { control } = await run(gan);
  const { counters } = control.states.at(-1)!;
  const steps = control.steps.length;
  expect(counters).toMatchObject({
    'optimizer.generator.step': steps,
    'optimizer.discriminator.step': steps,
  });
  expect(counters['learningRate.generator']).not.toBe(counters['learningRate.discriminator']);
  for (const step of control.steps) {
    const groups = new Set(step.groups.filter((_, at) => step.changed[at]));
    expect(groups).toEqual(new Set(['generator', 'discriminator']));
  }
});

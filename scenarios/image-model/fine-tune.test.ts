import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../harness/backend/backend.ts';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from '../../harness/checkpoint/checkpoint.ts';
import type { Loop } from '../../harness/loop/loop.ts';
import { adamW } from '../../harness/training/adamw.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import { toTensorMap } from '../../harness/training/tensors.ts';
import type { TrainerContext } from '../../harness/training/trainer.ts';
import { createFineTune } from './fine-tune.ts';
import { randomly } from './model.ts';
import { transformer } from './transformer.ts';

let scratch: string;
let saved: Checkpoint;
const context = (checkpoint?: string): TrainerContext => ({
  role: checkpoint === undefined ? 'before' : 'after',
  seed: 3,
  plan: { steps: 6, resumeAt: [3] },
  images: undefined,
  checkpoint,
  weightsOnly: false,
});

/** Three steps end in mid-accumulation, so the checkpoint holds every kind of tensor. */
const fineTune = (checkpoint?: string, replaceVariables = false): Promise<Loop> =>
  createFineTune(context(checkpoint), {
    model: transformer({ width: 8, blocks: 1, heads: 2, expansion: 2 }),
    initialise: randomly(RandomStream.fromSeed(5)),
    update: adamW(),
    learningRate: 1e-2,
    warmupSteps: 1,
    accumulate: 2,
    batch: 2,
    replaceVariables,
  });

async function stateOf(run: Loop): Promise<unknown> {
  const { parameters, slots = [], ema, gradients, random, counters } = run.observe();
  const tensors = await Promise.all([
    toTensorMap(parameters.map(({ name, variable }) => [name, variable])),
    toTensorMap(slots.map(({ parameter, slot, tensor }) => [`${parameter}.${slot}`, tensor])),
    toTensorMap(ema ?? []),
    toTensorMap(gradients ?? []),
  ]);
  return { tensors, random, counters };
}

beforeAll(async () => {
  await openBackend('wasm');
  scratch = await mkdtemp(path.join(tmpdir(), 'fine-tune-'));
  const run = await fineTune();
  for (let step = 0; step < 3; step += 1) await run.step();
  await run.save(path.join(scratch, 'whole'));
  saved = await loadCheckpoint(path.join(scratch, 'whole'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test('a checkpoint holds tensors by the names that a PyTorch user would look for', () => {
  expect([...saved.tensors.model!.keys()]).toContain('blocks.0.attention.qkv.weight');
  expect([...saved.tensors.optimizer!.keys()]).toContain('blocks.0.attention.qkv.weight.exp_avg_sq');
  expect(saved.tensors.ema!.size).toBe(saved.tensors.model!.size);
  expect(saved.tensors.gradients!.size).toBe(saved.tensors.model!.size);
  expect(saved.state).toMatchObject({
    step: 3,
    data: { epoch: 0, position: 6 },
    schedules: { all: { lastEpoch: 1 } },
  });
});

const without = (stem: string, name: string): Checkpoint => ({
  ...saved,
  tensors: { ...saved.tensors, [stem]: new Map([...saved.tensors[stem]!].filter(([key]) => key !== name)) },
});
const renamed = (stem: string, name: string): Checkpoint => ({
  ...saved,
  tensors: {
    ...saved.tensors,
    [stem]: new Map([...saved.tensors[stem]!].map(([key, value], at) => [at === 0 ? name : key, value])),
  },
});
const withState = (over: Partial<Checkpoint['state']>): Checkpoint => ({
  ...saved,
  state: { ...saved.state, ...over },
});

test.each<[string, () => Checkpoint, RegExp]>([
  [
    'lacks a weight',
    () => without('model', 'position'),
    /model\.safetensors, tensor "position": expected F32 \[16,8\]/,
  ],
  ['lacks an EMA tensor', () => without('ema', 'final.bias'), /ema\.safetensors, tensor "final\.bias"/],
  [
    'holds a weight that the model does not have',
    () => renamed('gradients', 'adapter.weight'),
    /gradients\.safetensors, tensor "adapter\.weight": expected none/,
  ],
  [
    'holds a slot that belongs to no parameter',
    () => renamed('optimizer', 'gone.exp_avg'),
    /slots of the model’s parameters.*'gone\.exp_avg'/,
  ],
  ['lacks the optimizer', () => withState({ optimizers: {} }), /expected the optimizer 'all'.*received none/],
  [
    'groups a parameter that does not exist',
    () =>
      withState({
        optimizers: JSON.parse(JSON.stringify(saved.state.optimizers).replaceAll('"position"', '"gone"')),
      }),
    /parameters of the model.*'gone'/,
  ],
  ['lacks the schedule', () => withState({ schedules: {} }), /expected the schedule 'all'/],
  ['holds an invalid random state', () => withState({ random: { noise: 'dice' } }), /random\.noise/],
  [
    'was saved with another image folder',
    () => withState({ data: { epoch: 0, position: 5000 } }),
    /data cursor within \d+ examples.*same data/,
  ],
])('a checkpoint that %s is refused', async (what, spoiled, message) => {
  const directory = path.join(scratch, what);
  await saveCheckpoint(directory, spoiled());
  await expect(fineTune(directory)).rejects.toThrow(message);
});

test.each([true, false])(
  'a resumed run continues bit for bit (variables replaced: %s)',
  async (replaceVariables) => {
    const whole = path.join(scratch, 'whole');
    const [first, second] = [await fineTune(whole, replaceVariables), await fineTune()];
    for (let step = 0; step < 3; step += 1) await second.step();
    for (let step = 3; step < 6; step += 1) expect(await first.step()).toEqual(await second.step());
    expect(await stateOf(first)).toEqual(await stateOf(second));
  },
);

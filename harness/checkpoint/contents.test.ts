import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { saveCheckpoint } from './checkpoint.ts';
import { readContents } from './contents.ts';
import { encodeHeader, type TensorData } from './header.ts';
import { writeSafetensors } from './safetensors.ts';

let root: string;
let count = 0;
const fresh = () => join(root, `${count++}`);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'contents-'));
});
afterAll(() => rm(root, { recursive: true }));

const floats = (...values: number[]): TensorData => ({
  dtype: 'F32',
  shape: [values.length],
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

async function read(checkpoint: string) {
  const tensors = new Map<string, TensorData>();
  const { values, texts, room } = await readContents(checkpoint, (name, tensor) =>
    tensors.set(name, { ...tensor, bytes: Uint8Array.from(tensor.bytes) }),
  );
  return { tensors, values: Object.fromEntries(values), texts: Object.fromEntries(texts), room };
}

test('reads this package’s own format', async () => {
  const folder = fresh();
  await saveCheckpoint(folder, {
    tensors: { model: new Map([['w', floats(1, 2)]]), ema: new Map([['w', floats(3, 4)]]) },
    state: {
      format: 1,
      step: 6,
      schedules: { all: { lastEpoch: 5 } },
      optimizers: {},
      random: { noise: 'seeded' },
      data: { order: Array.from({ length: 40 }, (_, at) => at) },
    },
  });
  const found = await read(folder);
  expect([...found.tensors]).toEqual([
    ['ema/w', floats(3, 4)],
    ['model/w', floats(1, 2)],
  ]);
  expect(found.values).toMatchObject({ 'state/step': 6, 'state/schedules/all/lastEpoch': 5 });
  expect(found.texts).toMatchObject({ 'state/random/noise': 'seeded' });
  expect(found.room).toBe(40);
});

test('reads a single safetensors file, and one of JSON, whatever they are called', async () => {
  const [tensors, json] = [fresh(), fresh()];
  await writeSafetensors(tensors, new Map([['w', floats(1)]]), new Map([['about', 'x'.repeat(80)]]));
  expect(await read(tensors)).toEqual({
    tensors: new Map([['w', floats(1)]]),
    values: {},
    texts: {},
    room: 20,
  });
  await writeFile(json, '{"n":3,"w":[[0.5,1],[2,3]]}');
  expect(await read(json)).toMatchObject({ values: { n: 3 }, room: 4 });
});

const MODEL = {
  modelTopology: { class_name: 'Sequential' },
  weightsManifest: [
    {
      paths: ['shard-1.bin', 'shard-2.bin'],
      weights: [
        { name: 'dense/kernel', shape: [2, 1], dtype: 'float32', group: 'model' },
        { name: 'iter', shape: [], dtype: 'int32', group: 'optimizer' },
      ],
    },
  ],
};

async function model(json: unknown, ...shards: Uint8Array[]): Promise<string> {
  const folder = fresh();
  await mkdir(folder);
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  for (const [at, shard] of shards.entries()) await writeFile(join(folder, `shard-${at + 1}.bin`), shard);
  return folder;
}

test('reads a TensorFlow.js model, with a weight across two shards', async () => {
  const bytes = Buffer.concat([floats(1, 2).bytes, Buffer.from(Int32Array.of(7).buffer)]);
  const folder = await model(MODEL, bytes.subarray(0, 6), bytes.subarray(6));
  const found = await read(folder);
  expect(found.tensors.get('dense/kernel')).toEqual({ ...floats(1, 2), shape: [2, 1] });
  expect(found.tensors.get('iter')).toMatchObject({ dtype: 'I32', shape: [] });
  // The longest text is the class.
  expect(found.room).toBeLessThan(6);
});

const group = MODEL.weightsManifest[0]!;
test.each<[string, unknown, number]>([
  ['a shard that is too long', MODEL, 13],
  ['a shard that is too short', MODEL, 11],
  ['a shard elsewhere', { ...MODEL, weightsManifest: [{ ...group, paths: ['../shard-1.bin'] }] }, 12],
  [
    'a size that no number holds',
    {
      weightsManifest: [{ ...group, weights: [{ name: 'w', shape: [2 ** 40, 2 ** 40], dtype: 'float32' }] }],
    },
    12,
  ],
  [
    'quantized weights',
    {
      weightsManifest: [
        {
          ...group,
          weights: [
            {
              name: 'w',
              shape: [12],
              dtype: 'float32',
              quantization: { dtype: 'uint8', min: 0, scale: 1, original_dtype: 'float32' },
            },
          ],
        },
      ],
    },
    12,
  ],
])('takes a model with %s for a file of an unknown format', async (_, json, bytes) => {
  await writeFile(join(root, 'shard-1.bin'), new Uint8Array(12));
  const found = await read(await model(json, new Uint8Array(bytes - 6), new Uint8Array(6)));
  expect(found.tensors.size).toBe(0);
  // All bytes of model.json and of the larger file may hold anything.
  expect(found.room).toBe(JSON.stringify(json).length);
});

test('takes what it cannot read for room, and follows no link', async () => {
  const folder = fresh();
  await mkdir(folder);
  await writeSafetensors(join(root, 'elsewhere.safetensors'), new Map([['w', floats(1)]]));
  await symlink(join(root, 'elsewhere.safetensors'), join(folder, 'model.safetensors'));
  await writeFile(join(folder, 'optimizer.pt'), new Uint8Array(1000));
  await writeFile(join(folder, 'damaged.safetensors'), new Uint8Array(2000));
  const found = await read(folder);
  expect(found.tensors.size).toBe(0);
  expect(found.room).toBe(2000);
});

/** Valid files with a few bytes changed, cut or added, and bytes that are nothing. */
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .record({
      length: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      header: fc.oneof(
        fc.constant('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
        fc.json({ maxDepth: 3 }),
        fc.nat(200).map((depth) => '{"a":'.repeat(depth)),
      ),
      honest: fc.boolean(),
      data: fc.uint8Array({ maxLength: 16 }),
    })
    .map(({ length, header, honest, data }) => {
      const prefix = Buffer.alloc(8);
      prefix.writeBigUInt64LE(honest ? BigInt(Buffer.byteLength(header)) : length);
      return Buffer.concat([prefix, Buffer.from(header), data]);
    }),
  fc
    .tuple(fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(130))
    .map(([edits, length]) => {
      const { header, parts } = encodeHeader(
        new Map([
          ['a', floats(1, 2)],
          ['b', floats(3)],
        ]),
        new Map(),
        '',
      );
      const file = Buffer.concat([header, ...parts]);
      for (const [at, byte] of edits) file[at % file.length] = byte;
      return file.subarray(0, length);
    }),
);

test('reads hostile safetensors without an error, and within the size of the file', async () => {
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  try {
    await fc.assert(
      fc.asyncProperty(hostile, async (bytes) => {
        const folder = fresh();
        await mkdir(folder);
        await writeFile(join(folder, 'model.safetensors'), bytes);
        allocate.mockClear();
        const { tensors, room } = await read(folder);
        const taken = allocate.mock.calls.reduce((sum, [length]) => sum + length, 0);
        expect(taken).toBeLessThanOrEqual(bytes.length);
        const visited = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0);
        expect(visited).toBeLessThanOrEqual(bytes.length);
        // Nothing is taken for known that was refused.
        if (tensors.size === 0 && bytes.length > 64) expect(room).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  } finally {
    allocate.mockRestore();
  }
});

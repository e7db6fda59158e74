import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOUNDS } from '../json/scan.ts';
import { tensorMaps } from './arbitraries.ts';
import { readSafetensors, type TensorData, type TensorMap, writeSafetensors } from './safetensors.ts';

let folder: string;
let count = 0;
const fresh = () => join(folder, `${count++}.safetensors`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('writes the same bytes as the reference implementation, regardless of the map’s order', async () => {
  const u8 = { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) } as const;
  const b = { dtype: 'F32', shape: [], bytes: Uint8Array.of(0, 0, 128, 63) } as const;
  const a = { dtype: 'F32', shape: [1, 0], bytes: new Uint8Array() } as const;
  const header =
    '{"__metadata__":{"format":"pt"},' +
    '"a":{"dtype":"F32","shape":[1,0],"data_offsets":[0,0]},' +
    '"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
    '"0":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, ' ');
  const expected = Buffer.concat([
    Buffer.of(padded.length, 0, 0, 0, 0, 0, 0, 0),
    Buffer.from(padded),
    Buffer.of(0, 0, 128, 63, 1, 2, 3),
  ]);
  const orders: [string, TensorData][][] = [
    [
      ['0', u8],
      ['a', a],
      ['b', b],
    ],
    [
      ['b', b],
      ['0', u8],
      ['a', a],
    ],
  ];
  for (const order of orders) {
    const file = fresh();
    const { bytes } = await writeSafetensors(file, new Map(order), new Map([['format', 'pt']]));
    expect((await readFile(file)).toString('latin1')).toBe(expected.toString('latin1'));
    expect(bytes).toBe(expected.length);
    const read = await readSafetensors(file);
    expect([...read.metadata]).toEqual([['format', 'pt']]);
    expect([...read.tensors]).toEqual([
      ['a', a],
      ['b', b],
      ['0', u8],
    ]);
  }
});

test('reads back what was written, aligned for every type', async () => {
  await fc.assert(
    fc.asyncProperty(tensorMaps, async (tensors) => {
      const file = fresh();
      await writeSafetensors(file, tensors);
      const read = (await readSafetensors(file)).tensors;
      expect(new Map(read)).toEqual(new Map(tensors));
      for (const { dtype, bytes } of read.values()) {
        if (dtype === 'F64') expect(bytes.byteOffset % 8).toBe(0);
      }
    }),
  );
});

test('copies an unaligned tensor of a foreign file into aligned memory', async () => {
  const text =
    '{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
  const file = fresh();
  await writeFile(file, hostile(text, Buffer.of(9, 0, 0, 128, 63)));
  const f = (await readSafetensors(file)).tensors.get('f')!;
  expect(new Float32Array(f.bytes.buffer, f.bytes.byteOffset, 1)[0]).toBe(1);
});

function hostile(header: string | Buffer, data: Buffer = Buffer.alloc(0), length?: bigint): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(Buffer.from(header).length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}
const entry = (begin: number, end: number, more = '"dtype":"U8","shape":[4]') =>
  `{${more},"data_offsets":[${begin},${end}]}`;
const eight = Buffer.alloc(8);

test.each<[string, Buffer, string, string | undefined, RegExp]>([
  ['an empty file', Buffer.alloc(0), 'bad-header', undefined, /at least 8 bytes/],
  [
    'a header longer than the file',
    hostile('{}', eight, 11n),
    'bad-header',
    undefined,
    /at most 10 .*received 11/,
  ],
  [
    'a header longer than any file',
    hostile('{}', eight, 2n ** 64n - 1n),
    'bad-header',
    undefined,
    /18446744073709551615/,
  ],
  ['bad JSON', hostile('{"a":'), 'bad-header', undefined, /JSON/],
  [
    'malformed UTF-8',
    hostile(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    'bad-header',
    undefined,
    /JSON/,
  ],
  ['an array', hostile('[]'), 'bad-header', undefined, /a JSON object/],
  ['deep nesting', hostile(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), 'bad-header', undefined, /64 deep/],
  ['brackets that never close', hostile('['.repeat(1e5)), 'bad-header', undefined, /64 deep/],
  [
    'very many keys',
    hostile(`{${'"":0,'.repeat(BOUNDS.keys)}"":0}`),
    'bad-header',
    undefined,
    /more than 1000000 keys/,
  ],
  [
    'very many values',
    hostile(`{"a":[${'0,'.repeat(BOUNDS.values)}0]}`),
    'bad-header',
    undefined,
    /more than 4000000 values/,
  ],
  [
    'duplicate keys',
    hostile(`{"a":${entry(0, 4)},"\\u0061" :${entry(4, 8)}}`, eight),
    'bad-header',
    undefined,
    /duplicate key .*a/,
  ],
  [
    'a duplicate key inside an entry',
    hostile(`{"a":${entry(0, 4, '"dtype":"U8","dtype":"I8","shape":[4]')}}`, eight),
    'bad-header',
    undefined,
    /duplicate/,
  ],
  [
    '__proto__',
    hostile(`{"__proto__":${entry(0, 8, '"dtype":"U8","shape":[8]')}}`, eight),
    'bad-header',
    undefined,
    /__proto__/,
  ],
  [
    'a lone surrogate',
    hostile(`{"\\ud800":${entry(0, 8, '"dtype":"U8","shape":[8]')}}`, eight),
    'bad-tensor',
    '\ud800',
    /well-formed/,
  ],
  [
    'metadata of numbers',
    hostile('{"__metadata__":{"a":1}}'),
    'bad-header',
    undefined,
    /a string for __metadata__/,
  ],
  ['an entry that is not an object', hostile('{"a":1}'), 'bad-tensor', 'a', /an object of dtype/],
  [
    'an unknown dtype',
    hostile(`{"a":${entry(0, 8, '"dtype":"constructor","shape":[8]')}}`, eight),
    'bad-tensor',
    'a',
    /for dtype, received "constructor"/,
  ],
  [
    'a negative size',
    hostile(`{"a":${entry(0, 8, '"dtype":"U8","shape":[-8]')}}`, eight),
    'bad-tensor',
    'a',
    /for shape/,
  ],
  [
    'an overflowing product',
    hostile(`{"a":${entry(0, 0, '"dtype":"F32","shape":[4294967296,4294967296]')}}`),
    'bad-tensor',
    'a',
    /safe product/,
  ],
  [
    'an offset that no number holds',
    hostile(`{"a":${entry(0, 2 ** 53)}}`, eight),
    'bad-tensor',
    'a',
    /two non-negative integers/,
  ],
  [
    'a span of the wrong length',
    hostile(`{"a":${entry(0, 8)}}`, eight),
    'bad-tensor',
    'a',
    /4 bytes \(U8 \[4\]\) for data_offsets/,
  ],
  [
    'reversed offsets',
    hostile(`{"a":${entry(8, 4)}}`, eight),
    'bad-tensor',
    'a',
    /data_offsets, received \[8,4\]/,
  ],
  [
    'fractional offsets',
    hostile(`{"a":${entry(0.5, 4.5)}}`, eight),
    'bad-tensor',
    'a',
    /two non-negative integers/,
  ],
  ['data out of range', hostile(`{"a":${entry(8, 12)}}`, eight), 'bad-tensor', 'a', /an end of at most 8/],
  ['an overlap', hostile(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, eight), 'bad-tensor', 'b', /an overlap/],
  [
    'a gap',
    hostile(`{"a":${entry(0, 4)},"b":${entry(6, 10)}}`, Buffer.alloc(10)),
    'bad-tensor',
    'b',
    /a gap/,
  ],
  ['trailing bytes', hostile(`{"a":${entry(0, 4)}}`, eight), 'bad-header', undefined, /trailing bytes/],
])('refuses %s', async (_, bytes, code, tensor, message) => {
  const file = fresh();
  await writeFile(file, bytes);
  const error = await readSafetensors(file).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'CheckpointError', code, file, tensor });
  expect(error.message).toMatch(message);
  expect(error.message.startsWith(file)).toBe(true);
});

test.each<[string, TensorMap, RegExp]>([
  [
    'a shape that does not match the data',
    new Map([['a', { dtype: 'F32', shape: [2], bytes: new Uint8Array(2) }]]),
    /8 bytes .*2 bytes/,
  ],
  [
    'an unknown dtype',
    new Map([['a', { dtype: 'F31' as 'F32', shape: [0], bytes: new Uint8Array() }]]),
    /F31/,
  ],
  [
    'a reserved name',
    new Map([['__metadata__', { dtype: 'U8', shape: [0], bytes: new Uint8Array() }]]),
    /__metadata__/,
  ],
])('does not write %s', async (_, tensors, message) => {
  const file = fresh();
  await expect(writeSafetensors(file, tensors)).rejects.toThrow(message);
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { states, tensorMaps } from './arbitraries.ts';
import { loadCheckpoint, requireTensors, saveCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import type { TensorMap } from './safetensors.ts';
import { decodeState, type TrainingState } from './state.ts';

let folder: string;
let count = 0;
const fresh = () => join(folder, `checkpoint-${count++}`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

const model: TensorMap = new Map([
  ['w', { dtype: 'F32', shape: [2], bytes: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64) }],
  ['b', { dtype: 'I64', shape: [], bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) }],
]);
const state: TrainingState = {
  format: 1,
  step: 7,
  schedules: { warmup: { rate: 1e-4, milestones: [1, 2], name: 'linear' } },
  optimizers: { adam: { groups: [{ parameters: ['w'], rate: 0.1 }], steps: { w: 7 } } },
  random: { noise: '00ff' },
  data: { epoch: 0, position: -0 },
};
const small = { tensors: { model, ema: model }, state };
const flags = ['--input-type=module', '--experimental-strip-types', '--no-warnings', '--eval'];

test('loads what was saved', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tensorMaps, { maxKeys: 3 }),
      states,
      async (tensors, state) => {
        const directory = fresh();
        await saveCheckpoint(directory, { tensors, state });
        const loaded = await loadCheckpoint(directory);
        expect(loaded.tensors).toEqual({ ...tensors });
        expect(loaded.state).toStrictEqual(state);
      },
    ),
    { numRuns: 60 },
  );
});

test('refuses any flipped bit, truncation or added byte', async () => {
  const directory = fresh();
  await saveCheckpoint(directory, small);
  const names = await readdir(directory);
  const damage = fc.record({
    name: fc.constantFrom(...names),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.constantFrom('flip', 'cut', 'add'),
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(255), async ({ name, at, kind }, byte) => {
      const file = join(directory, name);
      const whole = await readFile(file);
      const bit = Math.floor(at * whole.length * 8);
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const damaged = {
        flip: flipped,
        cut: whole.subarray(0, bit >> 3),
        add: Buffer.concat([whole, Buffer.of(byte)]),
      };
      await writeFile(file, damaged[kind as 'flip']);
      const error = await loadCheckpoint(directory).catch((thrown) => thrown);
      await writeFile(file, whole);
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error.file).toContain(directory);
    }),
    { numRuns: 600 },
  );
  expect((await loadCheckpoint(directory)).state).toEqual(state);
});

/** Rewrites a file and updates its manifest entry, as an attacker would. */
async function forge(directory: string, name: string, text: string) {
  await writeFile(join(directory, name), text);
  await editManifest(directory, (files) => {
    files[name] = { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
  });
}
async function editManifest(
  directory: string,
  edit: (files: Record<string, unknown>, manifest: { format: number }) => void,
) {
  const file = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  edit(manifest.files, manifest);
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
}
const members = (count: number, value: string): string =>
  Array.from({ length: count }, (_, at) => `"k${at}":${value}`).join(',');
const withState = (change: object) => JSON.stringify({ ...state, ...change });

test.each<[string, (d: string) => Promise<unknown>, string, string, RegExp]>([
  [
    'a newer checkpoint',
    (d) =>
      editManifest(d, (_, m) => {
        m.format = 2;
      }),
    'newer-format',
    'manifest.json',
    /at most 1 for format, received 2/,
  ],
  [
    'a newer state',
    (d) => forge(d, 'state.json', withState({ format: 9 })),
    'newer-format',
    'state.json',
    /received 9/,
  ],
  [
    'a path out of the directory',
    (d) =>
      editManifest(d, (f) => {
        f['../x.safetensors'] = f['ema.safetensors'];
      }),
    'bad-name',
    'manifest.json',
    /\.\.\/x\.safetensors/,
  ],
  [
    'an absolute path',
    (d) =>
      editManifest(d, (f) => {
        f['/etc/passwd'] = f['ema.safetensors'];
      }),
    'bad-name',
    'manifest.json',
    /etc/,
  ],
  [
    'a manifest that does not list the state',
    (d) =>
      editManifest(d, (f) => {
        delete f['state.json'];
      }),
    'missing-file',
    'manifest.json',
    /state\.json/,
  ],
  [
    'different whitespace in the manifest',
    async (d) => writeFile(join(d, 'manifest.json'), `${await readFile(join(d, 'manifest.json'))} `),
    'bad-manifest',
    'manifest.json',
    /exactly as saved/,
  ],
  [
    'a huge manifest',
    (d) => writeFile(join(d, 'manifest.json'), ' '.repeat(2 ** 20 + 1)),
    'too-large',
    'manifest.json',
    /1048576/,
  ],
  ['a missing file', (d) => rm(join(d, 'ema.safetensors')), 'missing-file', 'ema.safetensors', /ENOENT/],
  ['no manifest', (d) => rm(join(d, 'manifest.json')), 'missing-file', 'manifest.json', /ENOENT/],
  [
    'an unlisted tensor file',
    (d) => cp(join(d, 'ema.safetensors'), join(d, 'old.safetensors')),
    'extra-file',
    'old.safetensors',
    /mixed/,
  ],
  [
    'a symbolic link',
    async (d) => {
      await rename(join(d, 'ema.safetensors'), `${d}.moved`);
      await symlink(`${d}.moved`, join(d, 'ema.safetensors'));
    },
    'not-a-file',
    'ema.safetensors',
    /a symbolic link/,
  ],
  [
    'a pipe',
    async (d) => {
      await rm(join(d, 'state.json'));
      await promisify(execFile)('mkfifo', [join(d, 'state.json')]);
    },
    'not-a-file',
    'state.json',
    /pipe/,
  ],
  [
    'a bad header with a valid hash',
    (d) => forge(d, 'ema.safetensors', '\x02\0\0\0\0\0\0\0{}x'),
    'bad-header',
    'ema.safetensors',
    /trailing/,
  ],
  [
    'an invalid value in the state',
    (d) => forge(d, 'state.json', withState({ step: -1 })),
    'bad-state',
    'state.json',
    /for step, received -1/,
  ],
  [
    'an unknown key in the state',
    (d) => forge(d, 'state.json', withState({ more: 1 })),
    'bad-state',
    'state.json',
    /more/,
  ],
  [
    'a duplicate key in the state',
    (d) => forge(d, 'state.json', withState({}).replace('"step":7', '"step":7,"step":8')),
    'bad-state',
    'state.json',
    /duplicate key/,
  ],
  [
    'a state of brackets that never close',
    (d) => forge(d, 'state.json', '['.repeat(1e5)),
    'bad-state',
    'state.json',
    /64 deep/,
  ],
  [
    'bad values in a state',
    (d) =>
      forge(d, 'state.json', withState({ schedules: 0 }).replace(':0,', `:{"a":{${members(9, '{}')}}},`)),
    'bad-state',
    'state.json',
    /for schedules\.a\.k0, received \{\}; use another checkpoint$/,
  ],
  [
    'a list in place of an object in the state',
    (d) => forge(d, 'state.json', withState({ random: ['x'] })),
    'bad-state',
    'state.json',
    /\(expected an object\) for random, received \["x"\]/,
  ],
  [
    'many unknown keys in the state',
    (d) => forge(d, 'state.json', withState({}).replace('{', `{${members(1e4, '0')},`)),
    'bad-state',
    'state.json',
    /^.{0,300}\(Unrecognized keys: "k0", .{1,100}\.\.\.\) for the file, .{0,300}$/,
  ],
  [
    'a deeply nested state',
    (d) =>
      forge(
        d,
        'state.json',
        withState({ data: { x: 0 } }).replace('"x":0', `"x":${'['.repeat(99)}${']'.repeat(99)}`),
      ),
    'bad-state',
    'state.json',
    /64 deep/,
  ],
])('refuses %s', async (_, damage, code, name, message) => {
  const directory = fresh();
  await saveCheckpoint(directory, small);
  await damage(directory);
  const error = await loadCheckpoint(directory).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'CheckpointError', code, file: join(directory, name) });
  expect(error.message).toMatch(message);
});

test('a million bad values in a state take no memory of their own', async () => {
  const before = process.resourceUsage().maxRSS;
  const bytes = Buffer.from(withState({ random: 0 }).replace(':0,', `:{${members(9e5, '0')}},`));
  expect(() => decodeState(bytes, 'state.json')).toThrow(/for random\.k0, received 0/);
  expect((process.resourceUsage().maxRSS - before) * 1024, 'memory used by reading').toBeLessThan(4e8);
});

test.each<[string, unknown, RegExp]>([
  ['NaN', { data: { seen: [1, { loss: Number.NaN }] } }, /for data\.seen\[1\]\.loss, received NaN/],
  ['Infinity', { lossScale: Number.POSITIVE_INFINITY }, /for lossScale, received Infinity/],
  ['undefined', { extra: { x: undefined } }, /for extra\.x, received .*undefined/],
  [
    'a typed array',
    { data: { order: new Int32Array(2) } },
    /for data\.order, received an instance of Int32Array/,
  ],
  ['a key that would be dropped', { data: JSON.parse('{"__proto__":1}') }, /data\.__proto__/],
])('does not save a state with %s', async (_, change, message) => {
  const directory = fresh();
  await expect(
    saveCheckpoint(directory, { tensors: {}, state: { ...state, ...(change as object) } }),
  ).rejects.toThrow(message);
  await expect(loadCheckpoint(directory)).rejects.toMatchObject({ code: 'missing-file' });
});

test('a refused save replaces nothing, writes nothing outside the directory and leaves nothing behind', async () => {
  const directory = fresh();
  await saveCheckpoint(directory, small);
  const before = await readdir(folder);
  const other = { tensors: {}, state: { ...state, step: 8 } };
  await expect(saveCheckpoint(directory, other)).rejects.toMatchObject({ code: 'exists', file: directory });
  await expect(saveCheckpoint(join(folder, 'none', 'x'), other)).rejects.toMatchObject({
    code: 'missing-file',
  });
  await expect(saveCheckpoint(fresh(), { tensors: { '../x': model }, state })).rejects.toMatchObject({
    code: 'bad-name',
  });
  const rivals = fresh();
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map((step) => saveCheckpoint(rivals, { tensors: {}, state: { ...state, step } })),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await loadCheckpoint(rivals);
  await rm(rivals, { recursive: true });
  expect(await readdir(folder)).toEqual(before);
  expect((await loadCheckpoint(directory)).state.step).toBe(7);
});

test('what killed saves left behind is removed by a later save, once it has not changed for an hour', async () => {
  const parent = fresh();
  await mkdir(parent);
  const temporary = (name: string) => join(parent, `.${name}.0123456789ab.tmp`);
  const long = new Date(Date.now() - 2 * 60 * 60 * 1000);
  for (const name of ['killed', 'still-writing', 'not-ours']) await mkdir(temporary(name));
  for (const name of ['killed', 'still-writing']) {
    await writeFile(join(temporary(name), 'model.safetensors'), 'half');
    await writeFile(join(temporary(name), 'state.json'), '{}');
  }
  await mkdir(join(temporary('not-ours'), 'folder'));
  await writeFile(join(temporary('not-ours'), 'a'), 'whose?');
  await writeFile(join(temporary('killed'), 'ema.safetensors'), 'half');
  for (const entry of await readdir(parent, { recursive: true }))
    await utimes(join(parent, entry), long, long);
  await utimes(join(temporary('still-writing'), 'model.safetensors'), new Date(), new Date());
  await symlink(temporary('still-writing'), temporary('link'));
  await saveCheckpoint(join(parent, 'new'), small);
  expect((await readdir(parent)).sort()).toEqual(
    ['link', 'not-ours', 'still-writing'].map((name) => `.${name}.0123456789ab.tmp`).concat('new'),
  );
  expect((await readdir(temporary('not-ours'))).sort()).toEqual(['a', 'folder']);
});

test('a checkpoint whose folder cannot be synced is there, and the error says so', async () => {
  const parent = fresh();
  await mkdir(parent);
  // Without the right to read it, a folder can be written but not opened. The super-user gives up his rights first.
  const program = `
    const { saveCheckpoint } = await import(${JSON.stringify(new URL('./checkpoint.ts', import.meta.url).href)});
    if (process.getuid() === 0) process.seteuid(65534);
    const state = { format: 1, step: 3, schedules: {}, optimizers: {}, random: {}, data: {} };
    await saveCheckpoint(${JSON.stringify(join(parent, 'x'))}, { tensors: {}, state }).catch((error) => {
      process.stdout.write(JSON.stringify({ code: error.code, message: error.message }));
    });`;
  await chmod(folder, 0o711);
  await chmod(parent, 0o333);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
  await chmod(parent, 0o755);
  expect(JSON.parse(stdout)).toEqual({
    code: 'not-durable',
    message: expect.stringMatching(
      /x: expected its folder to reach the disk for the checkpoint, received EACCES: .*; the checkpoint is there and complete, but a power failure may still lose it/,
    ),
  });
  expect((await loadCheckpoint(join(parent, 'x'))).state.step).toBe(3);
});

test('names the tensor that does not match', () => {
  const w = { name: 'w', shape: [2], dtype: 'F32' } as const;
  const b = { name: 'b', shape: [], dtype: 'I64' } as const;
  const refusal = (...args: Parameters<typeof requireTensors>) => {
    try {
      requireTensors(...args);
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  };
  const file = 'model.safetensors';
  expect(refusal(model, [w, b], file)).toBeUndefined();
  expect(refusal(model, [w], file, { allowExtra: true })).toBeUndefined();
  expect(refusal(model, [w], file)).toMatchObject({ code: 'extra-tensor', file, tensor: 'b' });
  expect(refusal(model, [w, b, { ...w, name: 'v' }], file)).toMatchObject({
    code: 'missing-tensor',
    file,
    tensor: 'v',
  });
  expect(refusal(model, [w, { ...b, shape: [1] }], file)).toMatchObject({
    code: 'wrong-shape',
    file,
    tensor: 'b',
  });
  expect(refusal(model, [{ ...w, dtype: 'BF16' }, b], file)).toMatchObject({
    code: 'wrong-dtype',
    message: expect.stringMatching(
      /^model\.safetensors, tensor "w": expected BF16 for dtype, received F32; /,
    ),
  });
  expect(refusal(undefined, [], file)).toMatchObject({ code: 'missing-file', file });
});

/** Saves up to 40 checkpoints of 8 MB each, until it is killed or a save fails. */
const saver = (directory: string) => `
  import { saveCheckpoint } from ${JSON.stringify(new URL('./checkpoint.ts', import.meta.url).href)};
  const bytes = new Uint8Array(4e6).map((_, i) => i * i);
  const model = new Map([['w', { dtype: 'U8', shape: [4e6], bytes }]]);
  process.stdout.write('saving');
  for (let step = 0; step < 40; step++) {
    const state = { format: 1, step, schedules: {}, optimizers: {}, random: {}, data: {} };
    await saveCheckpoint(${JSON.stringify(directory)} + '/' + step, { tensors: { model, ema: model }, state });
  }`;

test('a process killed during a save leaves only valid checkpoints', async () => {
  let interrupted = 0;
  for (const delay of [0, 5, 15, 30, 60, 110, 190]) {
    const directory = fresh();
    await mkdir(directory);
    const child = spawn(process.execPath, [...flags, saver(directory)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = new Promise((settle) => child.once('close', settle));
    await new Promise((settle) => child.stdout.once('data', settle));
    await setTimeout(delay);
    child.kill('SIGKILL');
    await closed;
    for (const name of await readdir(directory)) {
      if (name.startsWith('.')) interrupted++;
      else expect((await loadCheckpoint(join(directory, name))).state.step).toBe(Number(name));
    }
  }
  expect(interrupted, 'no process was killed during a save').toBeGreaterThan(0);
}, 60_000);

test('a short write makes the save fail', async () => {
  const directory = fresh();
  await mkdir(directory);
  // The file size limit is 1,000 KiB: the write that reaches it is short, and the next one fails.
  const limited = ['-c', 'ulimit -f 1000; exec "$@"', 'bash', process.execPath, ...flags, saver(directory)];
  const failed = await promisify(execFile)('bash', limited).catch((thrown) => thrown);
  expect(failed.stderr).toMatch(/CheckpointError: .*model\.safetensors.*EFBIG/);
  expect(await readdir(directory)).toEqual([]);
}, 60_000);

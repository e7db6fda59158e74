import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { modelFolder } from './model-folder.ts';
import { model } from './testing/trainings.ts';

let scratch: string;
let folder: string;
beforeAll(async () => {
  await openBackend('cpu');
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-folder-'));
  folder = path.join(scratch, 'saved');
  const saved = model(tf.train.momentum(0.1, 0.9));
  await saved.trainOnBatch(tf.ones([4, 2, 2]), tf.ones([4, 1]));
  await saved.save(modelFolder(folder), { includeOptimizer: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const files = () =>
  Promise.all(['model.json', 'weights.bin'].map((file) => readFile(path.join(folder, file))));
const refused = { name: 'CheckpointError' };

test('a loaded model that is saved again has the same bytes', async () => {
  const loaded = await loadLayersModel(modelFolder(folder));
  const again = path.join(scratch, 'again');
  const { modelArtifactsInfo } = await loaded.save(modelFolder(again), { includeOptimizer: true });
  const weights = await readFile(path.join(again, 'weights.bin'));
  expect(weights).toEqual((await files())[1]);
  expect(modelArtifactsInfo.weightDataBytes).toBe(weights.length);
});

test('saving into an existing folder is refused and does not change it', async () => {
  const before = await files();
  await expect(model(tf.train.sgd(1)).save(modelFolder(folder))).rejects.toMatchObject({ code: 'exists' });
  expect(await files()).toEqual(before);
});

test('a file that is too short or too long is refused', async () => {
  const [json, weights] = (await files()) as [Buffer, Buffer];
  const cut = fc.record({
    file: fc.constantFrom({ name: 'model.json', bytes: json }, { name: 'weights.bin', bytes: weights }),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    grown: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cut, async ({ file: { name, bytes }, at, grown }) => {
      const file = path.join(folder, name);
      // The last byte of model.json is a newline, which may be missing.
      const length = Math.floor(at * (bytes.length - 1));
      await writeFile(file, grown ? Buffer.concat([bytes, Buffer.from('{}')]) : bytes.subarray(0, length));
      await expect(modelFolder(folder).load!()).rejects.toMatchObject(refused);
      await writeFile(file, bytes);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['weights in another folder', '"weights.bin"', '"../saved/weights.bin"'],
  ['a negative size', /"shape": \[\s*\d+/, '"shape": [ -1'],
  ['a size beyond the file', /"shape": \[\s*\d+/, '"shape": [ 400000000'],
  ['an unknown dtype', '"dtype": "float32"', '"dtype": "complex64"'],
])('%s is refused', async (_, from, to) => {
  const file = path.join(folder, 'model.json');
  const text = await readFile(file, 'utf8');
  const manifest = text.indexOf('"weightsManifest"');
  const changed = text.slice(0, manifest) + text.slice(manifest).replace(from, to);
  expect(changed).not.toBe(text);
  await writeFile(file, changed);
  await expect(modelFolder(folder).load!()).rejects.toMatchObject(refused);
  await writeFile(file, text);
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadProgram } from './load-program.ts';

/** A program that only a bundler accepts: no extensions, `require` in an ES module, packages that are not installed. */
const PROGRAM = {
  'package.json': '{}',
  'train.js': `
import * as tf from '@tensorflow/tfjs';
import {draw} from './ui';
import {steps} from './lib/steps';
const native = require('@tensorflow/tfjs-node');
const old = require('./old');
const {chunk} = require('not-installed');
export const seen = {tf, native, draw, steps, old, chunk, line: new Error().stack.match(/train\\.js:(\\d+)/)[1]};
if (require.main === module) throw new Error('run as a program');
`,
  'lib/steps.js': `import {unit} from '../unit';\nexport const steps = 3 * unit;\n`,
  'unit.js': 'export const unit = 2;\n',
  'old.js': `module.exports = {context: globalThis.contextOf(), tf: require('@tensorflow/tfjs-core')};\n`,
  'lost.js': `import {x} from './nowhere';\nexport const y = x;\n`,
};

let folder: string;
const home = import.meta.url;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-program-'));
  await mkdir(path.join(folder, 'lib'));
  for (const [name, text] of Object.entries(PROGRAM)) await writeFile(path.join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('loads a program like a bundler, synchronously, with the TensorFlow.js of the harness', () => {
  const context = new AsyncLocalStorage<string>();
  Object.assign(globalThis, { contextOf: () => context.getStore() });
  const draw = () => 'drawn';
  const chunk = () => 'chunked';
  const modules = { './ui': { draw }, 'not-installed': { chunk } };
  const { seen } = context.run('the caller', () =>
    loadProgram<{ seen: Record<string, unknown> }>(path.join(folder, 'train.js'), home, { modules }),
  );
  const own = createRequire(home)('@tensorflow/tfjs');
  expect(seen).toMatchObject({ draw, chunk, steps: 6, line: '8', old: { context: 'the caller' } });
  expect(seen.native).toBe(own);
  expect((seen.tf as { variable: unknown }).variable).toBe(own.variable);
  expect((seen.old as { tf: { variable: unknown } }).tf.variable).toBe(own.variable);
});

test('finds a program by a path relative to the scenario, whatever the working folder is', () => {
  const file = path.relative(import.meta.dirname, path.join(folder, 'unit.js'));
  expect(loadProgram<{ unit: number }>(file, home).unit).toBe(2);
});

test('reports a missing import with the file that imports it', () => {
  expect(() => loadProgram(path.join(folder, 'lost.js'), home)).toThrow(/nowhere.*lost\.js/s);
  expect(() => loadProgram(path.join(folder, 'absent.js'), home)).toThrow(/absent\.js/);
});

test('does not change how Node loads other modules', () => {
  expect(() => createRequire(path.join(folder, 'lib', 'other.js'))('not-installed')).toThrow(/not-installed/);
});

/** `auto` chooses cpu for a scenario of which wasm lacks a kernel, and says so. A backend that is named is kept. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { matrixSchema } from '../judge/matrix/matrix.ts';
import { gateSchema } from '../judge/verdict.ts';
import { pageText } from '../report/testing/page-text.ts';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-fallback-'));
  await mkdir(path.join(scratch, 'scenarios'));
  const index = JSON.stringify(path.join(fixtures, '..', 'harness', 'index.ts'));
  // wasm has no gradient of a convolution's filter, and none of an embedding.
  const convolution = (kernels: string) => `import { readFile, writeFile } from 'node:fs/promises';
import * as tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs-core'))};
import { defineScenario } from ${index};
export default defineScenario({
  about: 'A filter',
  plan: { steps: 4, resumeAt: 2 },
  lacks: ['hooks', 'slots', 'samples', 'random', 'gradients', 'learning-rates', 'batches'],
  ${kernels}
  async trainer({ checkpoint }) {
    const saved = checkpoint ? JSON.parse(await readFile(checkpoint, 'utf8')) : { step: 0 };
    const filter = tf.variable(tf.tensor4d(saved.filter ?? Array(9).fill(0.5), [3, 3, 1, 1]));
    let step = saved.step;
    return {
      async step() {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.conv2d(tf.ones([1, 5, 5, 1]), filter, 1, 'same'))));
        filter.assign(tf.sub(filter, tf.mul(grads[filter.name], 0.01)));
        step += 1;
        return { loss: (await value.data())[0], learningRate: 0.01, step };
      },
      save: async (to) => writeFile(to, JSON.stringify({ filter: [...(await filter.data())], step })),
      observe: () => ({ parameters: [{ name: 'filter', variable: filter }], counters: { step } }),
    };
  },
});\n`;
  const write = (name: string, text: string) => writeFile(path.join(scratch, 'scenarios', name), text);
  await write('declared.ts', convolution(`kernels: ['Conv2DBackpropFilter'],`));
  await write('undeclared.ts', convolution(''));
  const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
  await write('healthy.ts', `export { default } from ${healthy};\n`);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const noGpu = { CI: 'true', VK_DRIVER_FILES: '/nowhere.json', CUDA_VISIBLE_DEVICES: '' };

test('auto runs what wasm cannot on cpu, and each row, the caveats, JSON, JUnit and the page say so', async () => {
  const { exitCode, stdout, stderr } = await resumeproof(
    scratch,
    ['run', '--reporter', 'json=gate.json', '--reporter', 'junit=junit.xml'],
    { env: noGpu },
  );
  expect(exitCode, stdout + stderr).toBe(0);
  const { report, ...gate } = JSON.parse(await readFile(path.join(scratch, 'gate.json'), 'utf8'));
  const { verdicts } = gateSchema.parse(gate);
  const caveat = 'Run on cpu, because wasm has no kernel Conv2DBackpropFilter.';
  expect(
    verdicts.map(({ scenario, outcome, backend, caveats }) => [
      scenario,
      outcome,
      `${backend?.requested} ${backend?.name}`,
      caveats[0],
    ]),
  ).toEqual([
    ['declared', 'proven', 'auto cpu', caveat],
    ['healthy', 'proven', 'auto wasm', undefined],
    ['undeclared', 'proven', 'auto cpu', caveat],
  ]);
  expect(stdout).toMatch(/^✓ {2}declared .* proven, on cpu /m);
  expect(stdout).toMatch(/^✓ {2}healthy .* proven {2,}\d/m);
  expect(stdout).toContain(`! declared, undeclared: ${caveat}`);
  expect(stdout).toMatch(/^Ran on cpu, chosen by auto: .*; wasm, chosen by auto: /m);
  expect(await readFile(path.join(scratch, 'junit.xml'), 'utf8')).toContain(caveat);
  expect(pageText(await readFile(report.html, 'utf8'))).toContain(caveat);
});

test('histories of fuzz that share a control share none of another backend, and the search says so', async () => {
  const args = ['fuzz', 'undeclared', '--runs', '3', '--seed', '1', '--json'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args, { env: noGpu });
  expect(exitCode, stderr).toBe(0);
  const { histories, proven, caveats } = JSON.parse(stdout);
  expect(histories).toBeGreaterThan(2);
  expect(proven).toBe(histories);
  const caveat = 'Run on cpu, because wasm has no kernel Conv2DBackpropFilter.';
  expect(caveats).toEqual([caveat]);
  const told = await resumeproof(scratch, args.slice(0, -1), { env: noGpu });
  expect(told.stdout).toContain(`! ${caveat}`);
});

test('mutants runs what wasm cannot on cpu, its cells too, and the terminal, JSON and the page say so', async () => {
  const args = ['mutants', 'declared', 'healthy', 'undeclared', '--fault', 'weights-scaled', 'log-copied'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args, { env: noGpu });
  expect(exitCode, stdout + stderr).toBe(0);
  const caveat = 'Run on cpu, because wasm has no kernel Conv2DBackpropFilter.';
  expect(stdout).toContain(`! declared, undeclared: ${caveat}`);
  expect(stdout).toContain('2 faults apply');
  const [, report] = /^Report: (.*)$/m.exec(stdout)!;
  const file = path.join(scratch, report!);
  const { scenarios, cells } = matrixSchema.parse(
    JSON.parse(await readFile(file.replace(/html$/, 'json'), 'utf8')),
  );
  expect(scenarios.map(({ scenario, outcome, caveats }) => [scenario, outcome, caveats])).toEqual([
    ['declared', 'proven', [caveat]],
    ['healthy', 'proven', []],
    ['undeclared', 'proven', [caveat]],
  ]);
  expect(cells).toMatchObject({ judged: 6, caught: 6, missed: 0, notRun: 0 });
  expect(await readFile(file, 'utf8')).toContain(caveat);
  const named = await resumeproof(scratch, [...args, '--backend', 'wasm', '--json']);
  expect(named.exitCode).toBe(1);
  expect(JSON.parse(named.stdout).scenarios).toMatchObject([
    { outcome: 'skipped', caveats: [] },
    { outcome: 'proven' },
    { outcome: 'inconclusive', caveats: [] },
  ]);
});

test('a backend that is named is never replaced', async () => {
  const named = await resumeproof(scratch, ['run', 'declared', 'undeclared', '--backend', 'wasm', '--json']);
  expect(named.exitCode).toBe(1);
  const { report: _, ...gate } = JSON.parse(named.stdout);
  expect(gateSchema.parse(gate).verdicts.map(({ outcome }) => outcome)).toEqual(['skipped', 'inconclusive']);
  const resumed = await resumeproof(scratch, ['run', 'undeclared', '--resume-on', 'wasm', '--json'], {
    env: noGpu,
  });
  expect(JSON.parse(resumed.stdout).verdicts).toMatchObject([
    { outcome: 'inconclusive', backend: { name: 'wasm' } },
  ]);
});

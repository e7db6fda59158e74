/** How many controls a run is judged by on a backend that is not deterministic, in real processes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectBackend } from '../backend/inspect.ts';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const webgpu = await inspectBackend('webgpu');
// Skip only without an adapter: any other problem of webgpu must fail here.
const noAdapter = /finds no adapter|needs the package/.test(webgpu.problem ?? '');

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-controls-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const restless = path.join(fixtures, 'noisy-scenarios', 'restless.ts');

async function judged(backend: string, ...options: string[]): Promise<Verdict> {
  return judgedOf(restless, backend, ...options);
}

async function judgedOf(scenario: string, backend: string, ...options: string[]): Promise<Verdict> {
  const args = ['run', scenario, '--backend', backend, '--json', ...options];
  const { stdout, stderr } = await resumeproof(scratch, args);
  const [verdict] = gateSchema.parse(JSON.parse(stdout || `{"problem":${JSON.stringify(stderr)}}`)).verdicts;
  return verdict!;
}

test('on a deterministic backend, a program that is not reproducible is reported as such', async () => {
  expect(await judged('wasm')).toMatchObject({
    asExpected: false,
    headline: expect.stringMatching(/differ before any resume, at step \d: the program is not reproducible/),
    noise: { exact: true, controls: 1 },
  });
});

describe.skipIf(noAdapter)('webgpu', () => {
  test.each([
    ['', 4],
    ['--fast', 3],
  ])(
    'two controls that differ are followed by two more, and the run is proven by all four %s',
    async (option, step) => {
      const options = option === '' ? [] : [option];
      const { outcome, headline, noise, runs, plan, cut } = await judged('webgpu', ...options);
      expect(cut?.steps ?? plan.steps).toBe(step);
      expect(outcome, headline).toBe('proven');
      expect(noise).toMatchObject({ exact: false, controls: 4 });
      const twins = runs.filter(({ role }) => role === 'twin');
      expect(twins.map(({ id, trace }) => [id, path.dirname(trace)])).toEqual(
        [1, 2, 3].map((n) => [`twin-${n}`, `restless/twin-${n}`]),
      );
    },
  );

  test('a process that waits for the controls after its first resume leaves them room to run, and is not timed', async () => {
    const patient = path.join(scratch, 'patient.ts');
    const text = `import restless from ${JSON.stringify(restless)};\n`;
    await writeFile(patient, `${text}export default { ...restless, limits: { step: 20 } };\n`);
    const plan = ['--steps', '12', '--resume-at', '3,9', '--fast', '--jobs', '1'];
    const { outcome, headline, noise } = await judgedOf(patient, 'webgpu', ...plan);
    expect(outcome, headline).toBe('proven');
    expect(noise).toMatchObject({ exact: false, controls: 4 });
  });
});

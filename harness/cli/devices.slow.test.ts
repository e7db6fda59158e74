import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectBackends } from '../backend/inspect.ts';
import { gateSchema } from '../judge/verdict.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const usable = new Set(
  (await inspectBackends()).filter((report) => report.usable).map((report) => report.name as string),
);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-devices-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function run(backend: string, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await resumeproof(scratch, [
    'run',
    ...args,
    '--backend',
    backend,
    '--json',
  ]);
  expect(stdout, stderr).not.toBe('');
  return { exitCode, verdicts: gateSchema.parse(JSON.parse(stdout)).verdicts };
}

const TOLD: Record<string, Record<string, RegExp>> = {
  webgpu: {
    lost: /the device was lost: destroyed/,
    'out-of-memory': /out-of-memory at step \d: the device was lost: out of memory/,
  },
  'node-gpu': { 'out-of-memory': /out-of-memory at step 6: .*OOM when allocating tensor/ },
};

for (const [backend, broken] of Object.entries(TOLD)) {
  const names = Object.keys(broken);
  test.runIf(usable.has(backend))(
    `${backend}: ${names.join(' and ')} in mid-run is a finding, and the next run is clean`,
    async () => {
      const files = names.map((name) => path.join(fixtures, 'broken-devices', `${name}.ts`));
      const { exitCode, verdicts } = await run(backend, ...files);
      expect(exitCode).toBe(1);
      expect(verdicts.map(({ scenario }) => scenario)).toEqual(names);
      for (const { scenario, outcome, findings } of verdicts) {
        expect(outcome).toBe('refuted');
        expect(findings[0]?.rule).toBe('run-died');
        expect(`${findings[0]?.sentence}\n${findings[0]?.seen}`).toMatch(broken[scenario]!);
      }
      const healthy = path.join(fixtures, 'scenarios', 'healthy.ts');
      const next = await run(backend, healthy, '--steps', '6', '--resume-at', '4');
      expect(next).toMatchObject({ exitCode: 0, verdicts: [{ outcome: 'proven' }] });
    },
  );
}

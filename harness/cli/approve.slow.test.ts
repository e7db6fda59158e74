import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordingRow } from '../report/samples/panel.ts';
import { detailsIn } from '../report/testing/page-text.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-approve-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const baselines = path.join(scratch, 'resumeproof-baselines');
const run = (...args: string[]) => resumeproof(scratch, ['run', '--backend', 'cpu', ...args]);

/** Makes a scenario of a fixture. */
function scenario(name: string, fixture: string, more = ''): void {
  const source = JSON.stringify(path.join(fixtures, `${fixture}.ts`));
  writeFileSync(
    path.join(scratch, 'scenarios', `${name}.ts`),
    `import scenario from ${source};\nexport default { ...scenario, expect: 'proven'${more} };\n`,
  );
}

beforeAll(async () => {
  mkdirSync(path.join(scratch, 'scenarios'));
  scenario('voice', 'sampled-scenarios/voice');
  scenario('broken', 'scenarios/accumulated-gradients-forgotten');
  expect((await run()).exitCode).toBe(1);
});

test('an approved control is a baseline with its samples, which the same training fits', async () => {
  const { exitCode, stdout } = await resumeproof(scratch, ['approve', '--all']);
  expect(exitCode).toBe(0);
  expect(stdout.split('\n').sort()).toEqual([
    '✓ broken: resumeproof-baselines/broken/cpu/baseline.json (its resume is refuted, and stays so)',
    '✓ voice: resumeproof-baselines/voice/cpu/baseline.json',
  ]);
  const { samples, norms, steps } = JSON.parse(
    readFileSync(path.join(baselines, 'voice', 'cpu', 'baseline.json'), 'utf8'),
  );
  expect(steps).toBe(8);
  expect(Object.keys(norms).length).toBeGreaterThan(0);
  for (const { file } of Object.values<{ file: string }>(samples))
    expect(existsSync(path.join(baselines, 'voice', 'cpu', file))).toBe(true);
  const again = await run();
  // Its resume is as wrong as before: nothing was waived.
  expect(again.exitCode).toBe(1);
  expect(again.stdout).toMatch(/✗ broken: /);
  expect(again.stdout).not.toContain('Δ');
});

test('training that changed is told in terminal and page, and no verdict depends on it', async () => {
  scenario('voice', 'sampled-scenarios/voice', ', plan: { steps: 10, resumeAt: [4] }');
  const changed = await run('voice');
  expect(changed.exitCode).toBe(0);
  expect(changed.stdout).toMatch(
    /^Δ voice: the training changed since its baseline: it trains 10 steps instead of 8\.\nIf that is wanted: resumeproof approve voice$/m,
  );
  const page = readFileSync(path.join(scratch, /Report: (.*)/.exec(changed.stdout)![1]!), 'utf8');
  expect(page).toContain('"changes":["it trains 10 steps instead of 8"]');
  // The baseline's sample lies beside the control's.
  const rows = detailsIn(page)[0]!.samples as RecordingRow[];
  expect(rows.length).toBeGreaterThan(0);
  for (const { recordings, differences } of rows) {
    expect(recordings.at(-1)).toMatchObject({ label: 'baseline, end of the control' });
    expect(recordings.at(-1)!.audio ?? recordings.at(-1)!.text).toBeDefined();
    expect(differences.at(-1)!.result).toBe('Yes: different digests');
  }
  expect((await resumeproof(scratch, ['approve', 'voice'])).exitCode).toBe(0);
  expect((await run('voice')).stdout).not.toContain('Δ');
  // The samples of the earlier baseline are gone.
  const files = globSync('voice/cpu/*', { cwd: baselines });
  expect(files).toHaveLength(3);
});

test('what cannot be approved or read is one clear line', async () => {
  const said = async (...args: string[]) => {
    const { exitCode, stderr } = await resumeproof(scratch, args);
    return `${exitCode} ${stderr}`;
  };
  expect(await said('approve')).toBe('2 resumeproof: approve: name scenarios, or use --all or --accepted');
  expect(await said('approve', 'voise')).toMatch(
    /^2 resumeproof: reports\/\S+ has no scenario 'voise'; did you mean voice\?$/,
  );
  expect(await said('approve', '--all', '--report', 'scenarios')).toMatch(
    /^2 resumeproof: no report in scenarios; /,
  );
  const file = path.join(baselines, 'voice', 'cpu', 'baseline.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"voice"', '"other"'));
  expect(await said('run', 'voice', '--backend', 'cpu')).toContain(
    'resumeproof: cannot read the baseline resumeproof-baselines/voice/cpu/baseline.json: it is of other on cpu; mend or remove it',
  );
  expect((await run('voice')).exitCode).toBe(2);
});

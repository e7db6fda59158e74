/** `--watch` runs again what a changed file concerns, outlives an error in it, and ends by q. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, main, resumeproof } from './testing/start.ts';
import { affected } from './watch.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-watch-'));
  await mkdir(path.join(scratch, 'scenarios'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
const write = (name: string, text: string) => writeFile(path.join(scratch, 'scenarios', name), text);
const scenario = (about: string) =>
  `import healthy from ${healthy};\nexport default { ...healthy, about: '${about}' };\n`;

test('what changes runs again, an error is shown and waited out, and q ends it', {
  timeout: 120_000,
}, async () => {
  await write('_about.ts', `export const about = 'first';\n`);
  await write(
    'a.ts',
    `import healthy from ${healthy};\nimport { about } from './_about.ts';\nexport default { ...healthy, about };\n`,
  );
  await write('b.ts', scenario('b'));
  const args = ['--no-warnings', main, 'run', '--watch', '--backend', 'cpu', '--reporter', 'line'];
  const child = execa(process.execPath, args, {
    cwd: scratch,
    reject: false,
    stdin: 'pipe',
    env: { CI: 'true' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  /** What is said until it waits again, of proofs and errors. */
  const untilWaiting = async (): Promise<string[]> => {
    await expect.poll(() => said, { timeout: 60_000, interval: 50 }).toContain('waiting for changes');
    const lines = said.split('\n').filter((line) => /^✓|cannot load|^ {2}scenarios/.test(line));
    said = '';
    return lines.map((line) => line.replace(/ \(.*| scenario .*/, ''));
  };
  expect(await untilWaiting()).toEqual(['✓ a: proven', '✓ b: proven']);
  await write('b.ts', scenario('changed'));
  expect(await untilWaiting()).toEqual(['✓ b: proven']);
  await write('_about.ts', `export const about = 'second';\n`);
  expect(await untilWaiting()).toEqual(['✓ a: proven', '✓ b: proven']);
  await write('b.ts', 'export default {\n');
  expect(await untilWaiting()).toEqual(['resumeproof: cannot load', '  scenarios/b.ts:1']);
  await write('b.ts', scenario('mended'));
  expect(await untilWaiting()).toEqual(['✓ a: proven', '✓ b: proven']);
  await write('c.ts', scenario('new'));
  expect(await untilWaiting()).toEqual(['✓ c: proven']);
  child.stdin.write('\n');
  expect(await untilWaiting()).toEqual(['✓ a: proven', '✓ b: proven', '✓ c: proven']);
  child.stdin.write('q');
  expect((await child).exitCode).toBe(0);
});

test('other code than scenarios import concerns those with a command', () => {
  const files = new Map([
    ['trainer', '/s/trainer.ts'],
    ['program', '/s/program.ts'],
  ]);
  const ran = { imports: ['/lib/model.ts'], commands: ['program'], known: files };
  const names = (...changed: string[]) => [...affected(changed, files, ran).keys()];
  expect(names('/s/trainer.ts')).toEqual(['trainer']);
  expect(names('/lib/train.py')).toEqual(['program']);
  expect(names('/lib/model.ts')).toEqual(['trainer', 'program']);
  expect(names('/lib/log.txt', '/lib/state.json')).toEqual([]);
});

test('--watch refuses what has one end', async () => {
  const { exitCode, stderr } = await resumeproof(scratch, ['run', '--watch', '--json']);
  expect(stderr).toMatch(/^resumeproof: --watch runs again and again; leave out --json/);
  expect(exitCode).toBe(2);
});

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-examples-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const fieldTests = (examples: string) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'field-tests.ts'), '--examples', examples], {
    encoding: 'utf8',
  });

test('without a copy of the examples, it says how to get the right commit', () => {
  const { status, stderr } = fieldTests(scratch);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^no copy of tensorflow\/tfjs-examples in .*\n +git clone .* https:\/\/github\.com\/tensorflow\/tfjs-examples .*\n +git -C .* checkout [0-9a-f]{40}\n$/,
  );
});

test('a copy at another commit is refused', () => {
  const git = (...args: string[]) => execFileSync('git', ['-C', scratch, ...args], { stdio: 'pipe' });
  git('init', '--quiet');
  git(
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b',
    'commit',
    '--quiet',
    '--allow-empty',
    '--message',
    'other',
  );
  const { status, stderr } = fieldTests(scratch);
  expect(status).toBe(2);
  expect(stderr).toMatch(/is at commit [0-9a-f]{40}, but the field tests need another:\n +git -C /);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import type { Origin } from '../judge/verdict.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-origin-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const MODULE = path.join(import.meta.dirname, 'origin.ts');
const CODE = `const { currentOrigin } = await import(${JSON.stringify(MODULE)}); console.log(JSON.stringify(currentOrigin()));`;

/** What a process finds in a folder, with these variables and no others of CI. */
async function originIn(cwd: string, env: Record<string, string> = {}): Promise<Origin> {
  const { stdout } = await execa(process.execPath, ['--no-warnings', '--input-type=module', '--eval', CODE], {
    cwd,
    env: { PATH: process.env.PATH!, ...env },
    extendEnv: false,
  });
  return JSON.parse(stdout) as Origin;
}

test('outside of a repository nothing is known, inside of one the commit and the branch', async () => {
  expect(await originIn(scratch)).toEqual({
    commit: null,
    branch: null,
    job: null,
    url: null,
    folder: null,
  });
  const git = (...args: string[]) =>
    execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: scratch });
  await git('init', '--quiet', '--initial-branch', 'trunk');
  await git('commit', '--quiet', '--allow-empty', '--message', 'first');
  const { stdout: commit } = await git('rev-parse', 'HEAD');
  expect(await originIn(scratch)).toEqual({ commit, branch: 'trunk', job: null, url: null, folder: null });
});

test('a CI job is named with its address, and the working folder from what it checked out', async () => {
  const github = {
    GITHUB_ACTIONS: 'true',
    GITHUB_SHA: 'abc',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_RUN_ID: '7',
    GITHUB_SERVER_URL: 'https://example.org',
    GITHUB_REPOSITORY: 'a/b',
    GITHUB_WORKSPACE: path.dirname(scratch),
  };
  expect(await originIn(scratch, github)).toEqual({
    commit: 'abc',
    branch: 'main',
    job: 'GitHub Actions 7',
    url: 'https://example.org/a/b/actions/runs/7',
    folder: path.basename(scratch),
  });
});

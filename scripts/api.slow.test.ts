/** docs/api.md is complete, up to date, and its examples compile. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Api, describeApi, PAGE } from './api.ts';

const root = path.dirname(import.meta.dirname);
const folder = path.join(root, '.cache', 'api-examples');
let api: Api;

beforeAll(async () => {
  api = await describeApi();
});

describe('docs/api.md', () => {
  test('is what the script writes', async () => {
    expect(await readFile(PAGE, 'utf8')).toBe(api.page);
  });

  test('lacks nothing', () => {
    expect(api.problems).toEqual([]);
  });

  test('has examples that compile', async () => {
    const examples = [...api.page.matchAll(/^```ts\n(import [\s\S]*?)^```$/gm)].map(([, code]) => code!);
    expect(examples.length).toBeGreaterThan(40);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await Promise.all(examples.map((code, at) => writeFile(path.join(folder, `example-${at + 1}.ts`), code)));
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: {
        paths: {
          resumeproof: ['../../harness/index.ts'],
          'resumeproof/judge': ['../../harness/judging.ts'],
        },
      },
      include: ['*.ts'],
    };
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { cwd: root, encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

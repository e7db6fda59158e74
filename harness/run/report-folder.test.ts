import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeReportFolder } from './report-folder.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-folder-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test('runs that start at once have a folder each, also if the folder of reports is new', async () => {
  const reports = path.join(scratch, 'new', 'reports');
  const folders = await Promise.all(Array.from({ length: 20 }, () => makeReportFolder(reports, 'wasm')));
  expect(new Set(folders).size).toBe(20);
  expect(folders.every((folder) => existsSync(folder))).toBe(true);
});

test('a folder that cannot be made says why', async () => {
  await writeFile(path.join(scratch, 'file'), '');
  await expect(makeReportFolder(path.join(scratch, 'file'), 'wasm')).rejects.toThrow('ENOTDIR');
  if (process.platform !== 'linux') return;
  await expect(makeReportFolder('/proc/nowhere/reports', 'wasm')).rejects.toThrow('ENOENT');
});

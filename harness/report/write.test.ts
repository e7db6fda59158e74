import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { gate, verdict } from './testing/build.ts';
import { writeRed } from './testing/reports.ts';
import { verdictJsonSchema, writeReport } from './write.ts';

let root: string;
let red: Awaited<ReturnType<typeof writeRed>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'report-write-'));
  red = await writeRed(join(root, 'red'));
});
afterAll(() => rm(root, { recursive: true }));

test('verdict.json is the unchanged gate, fits its schema, and no temporary file remains', async () => {
  const written: unknown = JSON.parse(await readFile(red.json, 'utf8'));
  expect(written).toEqual(red.gate);
  expect(gateSchema.parse(written)).toEqual(red.gate);
  expect(verdictJsonSchema()).toMatchObject({
    type: 'object',
    required: expect.arrayContaining(['verdicts', 'passed']),
  });
  const files = (await readdir(join(root, 'red'), { withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name).sort()).toEqual(['index.html', 'junit.xml', 'verdict.json']);
});

test('hostile megabytes give a page of bounded size, and a missing folder gives an error', async () => {
  expect((await readFile(red.html)).length).toBeLessThan(1_000_000);
  await expect(writeReport(join(root, 'nowhere'), gate([verdict()]), new Map())).rejects.toThrow(/ENOENT/);
});

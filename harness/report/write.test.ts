import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { gate, verdict } from './testing/build.ts';
import { detailsIn } from './testing/page-text.ts';
import { writeRed, writeReport } from './testing/reports.ts';
import { verdictJsonSchema } from './write.ts';

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
  expect(files.map(({ name }) => name).sort()).toEqual([
    'badge.json',
    'index.html',
    'junit.xml',
    'verdict.json',
  ]);
});

test('a history that is no chain is told by what each process does', async () => {
  const processes = [
    { id: 'before', from: null, until: 2, saves: [1, 2] },
    { id: 'after-1', from: { process: 'before', step: 1 }, until: 3, saves: [] },
  ];
  const own = verdict({ plan: { steps: 3, resumeAt: [1] }, history: { steps: 3, processes } });
  const many = { ...own, scenario: 'many', history: { steps: 3, processes: Array(5000).fill(processes[1]) } };
  const { html } = await writeReport(root, gate([own, many]), new Map());
  const plans = detailsIn(await readFile(html, 'utf8')).map(
    ({ facts }) => facts.find(({ label }) => label === 'Plan')?.lines[0],
  );
  expect(plans).toEqual([
    '3 steps: before to 2 (saves 1, 2); after-1 from before 1 to 3',
    expect.stringMatching(/; 4988 more$/),
  ]);
});

test('hostile megabytes give a page of bounded size, and a missing folder gives an error', async () => {
  expect((await readFile(red.html)).length).toBeLessThan(1_000_000);
  await expect(writeReport(join(root, 'nowhere'), gate([verdict()]), new Map())).rejects.toThrow(/ENOENT/);
});

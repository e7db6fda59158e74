/** The matcher in real runs of Vitest, on files in a folder of their own. */
import { existsSync, globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { findMarked, markedWith, newMark } from './processes/mark.ts';

const root = path.dirname(import.meta.dirname);
const fixtures = path.join(root, 'fixtures');
const scenario = (file: string): string => JSON.stringify(path.join(fixtures, file));

let scratch: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-vitest-')));
  symlinkSync(path.join(root, 'node_modules'), path.join(scratch, 'node_modules'));
  writeFileSync(path.join(scratch, 'package.json'), '{ "type": "module" }');
  write('broken.ts', `import own from ${scenario('scenarios/accumulated-gradients-forgotten.ts')};`, BROKEN);
  write('known.ts', `export { default } from ${scenario('scenarios/accumulated-gradients-forgotten.ts')};`);
  write('changed.ts', `import own from ${scenario('scenarios/healthy.ts')};`, CHANGED);
  write('hangs.ts', HANGS);
  write('command.ts', COMMAND);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const write = (name: string, ...lines: string[]): void =>
  writeFileSync(path.join(scratch, name), `${lines.join('\n')}\n`);

const BROKEN = `export default { ...own, expect: 'proven' };`;
/** Healthy, although a fault is expected in it. */
const CHANGED = `export default { ...own, expect: ['loss-differs'] };`;
const COMMAND = `export default {
  about: 'A line, fitted by momentum',
  plan: { steps: 12, resumeAt: [6] },
  command: { program: process.execPath, args: [${scenario('commands/train.mjs')}, '--out', '{run}'] },
};`;
/** Tells the id of each of its processes, and blocks it. */
const HANGS = `import { appendFileSync } from 'node:fs';
import own from ${scenario('scenarios/healthy.ts')};

export default {
  ...own,
  limits: { step: 600 },
  trainer() {
    appendFileSync(process.env.PIDS, process.pid + '\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};`;

const HEAD = `import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import ${JSON.stringify(path.join(import.meta.dirname, 'vitest.ts'))};

const file = (name) => new URL(name, import.meta.url);
const healthy = ${scenario('scenarios/healthy.ts')};
const cpu = { backend: 'cpu' };`;

const resultsSchema = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

const vitest = (spec: string, env: Record<string, string> = {}) =>
  execa(
    process.execPath,
    [
      path.join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      spec,
      '--testTimeout=120000',
      '--reporter=json',
    ],
    // Without the variables that the outer Vitest sets.
    { cwd: scratch, reject: false, env: { VITEST: undefined, ...env } },
  );

/** Runs the tests of a spec, and returns what each failed with, by title; undefined if it passed. */
async function failures(name: string, body: string): Promise<Map<string, string | undefined>> {
  write(name, HEAD, body);
  const { stdout, stderr } = await vitest(name);
  const parsed = resultsSchema.safeParse(JSON.parse(stdout));
  if (!parsed.success) throw new Error(stderr);
  const results = parsed.data.testResults.flatMap(({ assertionResults }) => assertionResults);
  return new Map(
    results.map(({ title, status, failureMessages }) => [
      title.replace(/ \(with seed=.*\)$/, ''),
      status === 'passed' ? undefined : failureMessages.join('\n'),
    ]),
  );
}

const reports = (): string[] => globSync('reports/*', { cwd: scratch });

test('healthy scenarios, known bugs, programs and properties pass, and leave no report', async () => {
  const found = await failures(
    'passes.test.js',
    `test('a path', () => expect(healthy).toResume(cpu));
test('a history', () => expect(healthy).toResume({ ...cpu, history: { steps: 9, processes: [
  { id: 'first', until: 5, saves: [5] }, { id: 'next', from: { process: 'first', step: 5 } },
  { id: 'twice', from: { process: 'first', step: 5 } },
] } }));
test('a program', () => expect(file('command.ts')).toResume());
test('a bug', () => expect(file('broken.ts')).not.toResume(cpu));
test('a bug that is expected', () => expect(file('known.ts')).not.toResume(cpu));
test.prop([fc.integer({ min: 1, max: 8 })], { numRuns: 3 })('any step', async (at) => {
  await expect(healthy).toResume({ ...cpu, steps: 9, resumeAt: [at] });
});`,
  );
  expect([...found]).toEqual(
    ['a path', 'a history', 'a program', 'a bug', 'a bug that is expected', 'any step'].map((title) => [
      title,
      undefined,
    ]),
  );
  expect(reports()).toEqual([]);
});

test('what is not proven fails with the verdict as its message, and undecided verdicts fail with `not` too', async () => {
  const found = await failures(
    'fails.test.js',
    `const lacking = ${scenario('broken-scenarios/missing-kernel.ts')};
test('a bug', () => expect(file('broken.ts')).toResume(cpu));
test('a bug with a history', () => expect(file('broken.ts')).toResume({ ...cpu, history: { steps: 12, processes: [
  { id: 'first', until: 5, saves: [5] }, { id: 'next', from: { process: 'first', step: 5 } },
] } }));
test('a bug that is expected', () => expect(file('known.ts')).toResume(cpu));
test('no bug', () => expect(healthy).not.toResume(cpu));
test('no bug that is expected', () => expect(file('changed.ts')).toResume(cpu));
test('no bug that is expected, negated', () => expect(file('changed.ts')).not.toResume(cpu));
test('skipped', () => expect(lacking).toResume(cpu));
test('skipped, negated', () => expect(lacking).not.toResume(cpu));
test('inconclusive, negated', () => expect(healthy).not.toResume({ ...cpu, steps: 9, resumeAt: 9 }));
test('no file', () => expect(file('nowhere.ts')).not.toResume(cpu));
test('no scenario', () => expect(${scenario('images.ts')}).not.toResume(cpu));
test('a function', () => expect(() => {}).not.toResume(cpu));
test('a misspelt option', () => expect(healthy).not.toResume({ ...cpu, resumeAfter: 3 }));
test('a late resume', () => expect(healthy).not.toResume({ ...cpu, resumeAt: 12 }));
test.prop([fc.integer({ min: 1, max: 11 })], { numRuns: 20, seed: 1 })('any step', async (at) => {
  await expect(file('broken.ts')).toResume({ ...cpu, resumeAt: at });
});`,
  );
  const lines = (title: string): string[] => found.get(title)?.split('\n') ?? ['passed'];
  const headline = /^Error: broken is refuted: After resume 1, all 3 accumulated gradients were not restored/;
  const bug = lines('a bug');
  expect(bug[0]).toMatch(headline);
  const said = (name: string): string => bug.find((line) => line.startsWith(`  ${name}:`)) ?? 'missing';
  expect(said('restored')).toBe('  restored:     ✗ refuted');
  expect(said('likely cause')).toMatch(/: +\w.{20}/);
  expect(said('fix')).toMatch(/: +\w.{20}/);
  expect(said('see')).toContain('explain gradients-not-restored');
  expect(said('run again')).toMatch(/run broken\.ts --backend cpu --steps 12 --resume-at 5$/);
  const report = /reports\/.*-broken-cpu\/index\.html/.exec(said('report'))?.[0];
  expect(readFileSync(path.join(scratch, report ?? 'no report'), 'utf8')).toContain('resume 1');

  const history = /--history (\S+)$/.exec(
    lines('a bug with a history').find((line) => line.includes('run again:'))!,
  );
  expect(JSON.parse(readFileSync(path.join(scratch, history![1]!), 'utf8'))).toMatchObject({ steps: 12 });
  expect(lines('a bug that is expected')[0]).toMatch(/known is refuted, as it expects: After resume 1/);
  expect(lines('no bug')[0]).toMatch(/expected a resume to be refuted, but healthy is proven: Resumed once/);
  for (const title of ['no bug that is expected', 'no bug that is expected, negated'])
    expect(lines(title).slice(0, 2).join()).toMatch(/changed is proven: .*expected loss-differs/);
  for (const title of ['skipped', 'skipped, negated'])
    expect(lines(title)[0]).toMatch(/missing-kernel is skipped: .*MatMulOfTomorrow/);
  expect(lines('inconclusive, negated')[0]).toMatch(/healthy is inconclusive: /);
  expect(lines('no file')[0]).toBe(`UsageError: no scenario file at ${path.join(scratch, 'nowhere.ts')}`);
  expect(lines('no scenario')[0]).toMatch(/^UsageError: .*images\.ts/);
  expect(lines('a function')[0]).toMatch(/a function cannot go to another process/);
  expect(lines('a misspelt option')[0]).toMatch(/Unrecognized key: "resumeAfter"/);
  expect(lines('a late resume')[0]).toMatch(
    /scenario healthy with steps or resumeAt: expected ascending resume points from 1 to 9, received 12/,
  );
  const property = lines('any step').join('\n');
  expect(property).toMatch(/Counterexample: \[1\]/);
});

test('a test that times out, is killed or is cancelled leaves no process', async () => {
  const pids = path.join(scratch, 'pids');
  const survivors = JSON.stringify(path.join(import.meta.dirname, 'processes', 'testing', 'survivors.ts'));
  write(
    'hangs.test.js',
    HEAD,
    `import { readFileSync } from 'node:fs';
import { survivors } from ${survivors};
const ids = () => readFileSync(process.env.PIDS, 'utf8').trim().split('\\n').map(Number);
test('times out', { timeout: 20_000 }, () => expect(file('hangs.ts')).toResume(cpu));
test('all are gone', { timeout: 60_000 }, async () => {
  expect(await survivors(ids())).toEqual([]);
});`,
  );
  const marked = async (): Promise<readonly number[]> => {
    for (let round = 0; round < 200 && findMarked(mark).length > 0; round += 1) await passing(100);
    return findMarked(mark);
  };
  let mark = newMark();
  const { stdout } = await vitest('hangs.test.js', { PIDS: pids, ...markedWith(mark) });
  const results = resultsSchema.parse(JSON.parse(stdout)).testResults[0]!.assertionResults;
  expect(results.map(({ title, status }) => [title, status])).toEqual([
    ['times out', 'failed'],
    ['all are gone', 'passed'],
  ]);
  expect(await marked()).toEqual([]);

  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    await rm(pids);
    mark = newMark();
    const started = vitest('hangs.test.js', { PIDS: pids, ...markedWith(mark) });
    while (!existsSync(pids)) await passing(50);
    started.kill(signal);
    await started;
    expect(await marked(), signal).toEqual([]);
  }
});

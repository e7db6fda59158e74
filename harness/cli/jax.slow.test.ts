/** The training loop of JAX in `examples/jax/`, whose recorder is written from docs/recorder.md, through `exec`. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { python } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const example = path.join(fixtures, '..', 'examples', 'jax');
const train = path.join(example, 'train.py');
const readme = readFileSync(path.join(example, 'README.md'), 'utf8');
/** What the example's README says of each part of the state that is forgotten. */
const FORGOTTEN = [...readme.matchAll(/^\| `(\w+)` +\| \[`([\w-]+)`\]\(\S+\) +\| (.+?) +\|$/gm)].map(
  ([, part, cause, headline]) => [part!, cause!, headline!] as const,
);

describe.skipIf(python === undefined)('with JAX', () => {
  let scratch: string;
  let plain: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-jax-')));
    plain = path.join(scratch, 'plain');
    // What one process compiles, the others load: that takes most of their time.
    env = {
      JAX_COMPILATION_CACHE_DIR: path.join(scratch, 'compiled'),
      JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
      JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES: '-1',
    };
    const args = [train, '--out', plain, '--steps', '12'];
    execFileSync(python!, args, { stdio: 'pipe', env: { ...process.env, ...env } });
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  async function exec(name: string, ...flags: string[]) {
    const folder = path.join(scratch, name);
    const options = ['--steps', '12', '--resume-at', '4,8', '--jobs', '2', '--out', folder];
    const command = [python!, train, '--out', '{run}', ...flags];
    const { exitCode, stderr } = await resumeproof(scratch, ['exec', ...options, '--', ...command], { env });
    const gate = gateSchema.parse(JSON.parse(readFileSync(path.join(folder, 'verdict.json'), 'utf8')));
    return { exitCode, stderr, verdict: gate.verdicts[0]!, folder };
  }

  test('the example is proven, and a recorded run saves the same bytes as one that is not', async () => {
    const { exitCode, stderr, verdict, folder } = await exec('healthy');
    expect(exitCode, stderr).toBe(0);
    expect(verdict).toMatchObject({ outcome: 'proven', backend: { name: 'jax-cpu' } });
    const recorded = path.join(folder, 'train', 'control', 'run');
    expect(readdirSync(recorded).sort()).toEqual(['step-12.npz', 'step-4.npz', 'step-8.npz']);
    for (const file of readdirSync(plain))
      expect(readFileSync(path.join(recorded, file)).equals(readFileSync(path.join(plain, file))), file).toBe(
        true,
      );
  }, 300_000);

  test('the README tells of each part that can be forgotten', () => {
    const [, choices] = /choices=\[(.*)\]/.exec(readFileSync(train, 'utf8'))!;
    expect(FORGOTTEN.map(([part]) => `"${part}"`).join(', ')).toBe(choices);
  });

  test.each(FORGOTTEN)(
    '%s: refuted for %s',
    async (part, cause, headline) => {
      const { exitCode, stderr, verdict } = await exec(part, '--forget', part);
      expect(exitCode, stderr).toBe(1);
      expect(verdict).toMatchObject({ outcome: 'refuted', cause });
      expect(verdict.headline).toContain(headline);
    },
    300_000,
  );
});

/** Programs of PyTorch, not changed, through `resumeproof run` and `exec`. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { python } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const scripts = path.join(fixtures, 'pytorch');
const recorder = path.join(fixtures, '..', 'recorders', 'python');
const env = { OMP_NUM_THREADS: '1' };

/** What is wrong with each script, by the cause of its verdict. */
const BROKEN = {accumulation_lost:'',assign_orphans:'',ema_lost:'',fused_stale_group:'',optimizer_not_restored:''} as const;
const HEALTHY = ['healthy', 'noisy'];

describe.skipIf(python === undefined)('with torch', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-pytorch-')));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('each script of fixtures/pytorch is refuted for its bug, and proven without it', async () => {
    const names = globSync('*.py', { cwd: scripts }).map((file) => path.parse(file).name);
    expect(names.sort()).toEqual([...Object.keys(BROKEN), ...HEALTHY, 'loop'].sort());
    mkdirSync(path.join(scratch, 'scenarios'));
    const write = (name: string, script: string, flags: readonly string[]) =>
      writeFileSync(
        path.join(scratch, 'scenarios', `${name}.js`),
        `export default ${JSON.stringify({
          about: script,
          plan: { steps: 12, resumeAt: 4 },
          command: {
            program: python,
            args: [path.join(scripts, `${script}.py`), '--out', '{run}', '--resume', 'auto', ...flags],
            env,
          },
        })};\n`,
      );
    for (const name of HEALTHY) write(name, name, []);
    for (const name of Object.keys(BROKEN)) {
      write(name, name, []);
      write(`${name}-fixed`, name, ['--fixed']);
    }
    const { exitCode, stdout, stderr } = await resumeproof(scratch, ['run', '--jobs', '2', '--json']);
    const { report: _, ...gate } = JSON.parse(stdout);
    const verdicts = gateSchema.parse(gate).verdicts;
    console.log(verdicts.map((v) => [v.scenario, v.outcome, v.cause?.id ?? v.cause, v.findings[0]?.rule, v.headline, v.noise?.exact]));
    expect(exitCode, stderr).toBe(1);
  }, 900_000);
});

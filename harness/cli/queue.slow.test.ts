/** Runs whose cases are handed out to workers through a Redis server. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasRedis, startRedis, type TestRedis } from '../queue/testing/redis.ts';
import { contentsOf } from './testing/contents.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const FAULTS = path.join(fixtures, 'faults');
const MUTANTS = ['mutants', 'a-healthy', 'b-throws', '--faults', FAULTS, '--backend', 'cpu', '--jobs', '1'];
const FUZZ = [
  'fuzz',
  'c-forgetful',
  '--backend',
  'cpu',
  '--runs',
  '3',
  '--seed',
  '7',
  '--max-steps',
  '5',
  '--json',
];

describe.runIf(hasRedis)('a queue', { timeout: 120_000 }, () => {
  let scratch: string;
  let server: TestRedis;
  let workers: ReturnType<typeof resumeproof>[];
  const at = (...parts: string[]): string => path.join(scratch, ...parts);

  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-queue-')));
    mkdirSync(at('scenarios'));
    for (const [name, from] of [
      ['a-healthy', 'scenarios/healthy'],
      ['b-throws', 'broken-scenarios/throws'],
      ['c-forgetful', 'scenarios/accumulated-gradients-forgotten'],
    ] as const)
      writeFileSync(
        at('scenarios', `${name}.ts`),
        `export { default } from ${JSON.stringify(path.join(fixtures, `${from}.ts`))};`,
      );
    const { exitCode, stderr } = await resumeproof(scratch, [...MUTANTS, '--reports', 'whole']);
    expect(exitCode, stderr).toBe(1);
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));
  beforeEach(async () => {
    server = await startRedis('secret');
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill('SIGINT');
    await Promise.all(workers);
    await server.remove();
  });

  const queued = (args: readonly string[]) => resumeproof(scratch, [...args, '--redis', server.url]);
  const begin = (cwd = scratch): ReturnType<typeof resumeproof> => {
    const worker = resumeproof(cwd, ['worker', '--redis', server.url, '--faults', FAULTS, '--jobs', '1']);
    workers.push(worker);
    return worker;
  };
  const until = async (is: () => boolean): Promise<void> => {
    while (!is()) await passing(20);
  };
  /** How many cases are done by workers now. */
  const active = (): number => {
    const [run] = server.cli('smembers', 'resumeproof:runs').split('\n');
    return run ? Number(server.cli('llen', `resumeproof:${run}:active`)) : 0;
  };
  /** The only folder of reports in one. */
  const report = (folder: string): string => {
    const [found, ...others] = globSync(at(folder, '*'));
    expect(others).toEqual([]);
    return found!;
  };
  const expectWhole = (folder: string): void => {
    const [whole, own] = [contentsOf(report('whole')), contentsOf(report(folder))];
    expect([...own.keys()]).toEqual([...whole.keys()]);
    expect(own).toEqual(whole);
  };

  test('a worker that is killed in mid-case loses nothing: the matrix equals that of one machine', async () => {
    const running = queued([...MUTANTS, '--reports', 'killed']);
    const killed = begin();
    await until(() => active() > 0);
    killed.kill('SIGKILL');
    begin();
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toMatch(/worker \S+ takes part, 1 at a time/);
    expect(stderr).not.toContain('secret');
    expectWhole('killed');
  });

  test('a server that is killed and comes back without its data changes nothing', async () => {
    const running = queued([...MUTANTS, '--reports', 'server']);
    begin();
    begin();
    await until(() => active() > 1);
    await server.kill();
    await passing(300);
    await server.start('lost');
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toMatch(/Redis at redis:\/\/127\.0\.0\.1:\d+ is gone; .*\n(.*\n)*.*is back/);
    expectWhole('server');
  });

  test('fuzz tries the same histories and finds the same smallest one', async () => {
    begin();
    begin();
    const found = async (running: ReturnType<typeof resumeproof>) => {
      const { exitCode, stdout, stderr } = await running;
      expect(exitCode, stderr).toBe(0);
      // How many are tried side by side decides how many more are tried to shrink.
      const { seconds: _, shrinking: __, report: ___, ...same } = JSON.parse(stdout);
      return same;
    };
    const own = await found(queued(FUZZ));
    expect(own).toEqual(await found(resumeproof(scratch, FUZZ)));
    expect(own.failures).toMatchObject([{ rule: 'gradients-not-restored', minimal: true, failsAlone: true }]);
  });

  test('a worker with other files is refused, and so is an offer that does not fit or names other files', async () => {
    cpSync(at('scenarios'), at('edited', 'scenarios'), { recursive: true });
    writeFileSync(at('edited', 'scenarios', 'a-healthy.ts'), '// Edited.\n', { flag: 'a' });
    const other = begin(at('edited'));
    const running = queued([...MUTANTS, '--reports', 'refused']);
    let heard = '';
    (running as unknown as ChildProcess).stderr!.on('data', (text: Buffer) => {
      heard += text;
    });
    await until(() => server.cli('keys', 'resumeproof:refusals:*') !== '');
    const [run] = server.cli('smembers', 'resumeproof:runs').split('\n');
    const offer = JSON.parse(server.cli('get', `resumeproof:offer:${run}`));
    const forged: [string, object][] = [
      ['1111111111111111', { version: '9.0.0' }],
      ['2222222222222222', { node: 'v18.0.0' }],
      ['3333333333333333', { scenarios: ['../../a-healthy'] }],
      ['4444444444444444', { scenarios: ['absent'] }],
      ['5555555555555555', { images: 'photos' }],
      ['6666666666666666', { run: 'rm -rf' }],
    ];
    for (const [id, change] of forged) {
      server.cli('set', `resumeproof:offer:${id}`, JSON.stringify({ ...offer, ...change }));
      server.cli('sadd', 'resumeproof:runs', id);
    }
    await until(() => forged.every(([id]) => server.cli('exists', `resumeproof:refusals:${id}`) === '1'));
    // The coordinator looks for refusals each second.
    await until(() => heard.includes('does not take part'));
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(130);
    const files = 'its scenarios, faults or what they import have other contents';
    expect(stderr).toMatch(new RegExp(`worker \\S+ does not take part: ${files}`));
    const [{ problem }] = globSync(at('refused/*/matrix.json')).map((file) =>
      JSON.parse(readFileSync(file, 'utf8')),
    );
    expect(problem).toMatch(/^Interrupted: /);
    expect(server.cli('smembers', 'resumeproof:runs').split('\n').sort()).toEqual(forged.map(([id]) => id));
    other.kill('SIGINT');
    const said = (await other).stderr;
    for (const line of [
      new RegExp(`not taking part in run ${run}: ${files}\n`),
      /run 1+: it is of resumeproof 9\.0\.0, and this is \d/,
      /run 2+: it is of Node v18\.0\.0, and this is v2\d/,
      /run 3+: its offer cannot be read: scenarios\.0: /,
      /run 4+: there is no scenario 'absent' in .*edited\/scenarios\n/,
      /run 5+: it trains with --images photos: start the worker with the same\n/,
      /run 6+: its offer cannot be read: .*Unrecognized key/,
    ])
      expect(said).toMatch(line);
  });

  test('without a worker, it says so and waits; Ctrl-C leaves nothing on the server', async () => {
    const running = queued([...MUTANTS, '--reports', 'alone']);
    await until(() => server.cli('keys', 'resumeproof:offer:*') !== '');
    await passing(7000);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(130);
    expect(stderr).toMatch(
      /no worker takes part, waiting: start one in the same folder with resumeproof worker --redis redis:\/\/127\.0\.0\.1:\d+\n/,
    );
    expect(server.cli('keys', '*')).toBe('');
  });

  test('what cannot be done is said in one line, without the password', async () => {
    const refusal = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { exitCode, stderr } = await resumeproof(scratch, args, { env: { CI: 'true', ...env } });
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).not.toContain('secret');
      return { exitCode, stderr };
    };
    const hidden = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (name === 'bullmq') throw Object.assign(new Error(), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
} });`;
    const NODE_OPTIONS = `--import=data:text/javascript;base64,${Buffer.from(hidden).toString('base64')}`;
    const { url } = server;
    expect(
      await Promise.all([
        refusal(['worker', '--redis', 'http://:secret@host']),
        refusal([...MUTANTS, '--redis', ':secret@host']),
        refusal([...MUTANTS, '--redis', url, '--keep']),
        refusal([...MUTANTS, '--redis', url, '--shard', '1/2']),
        refusal(['mutants', path.join(fixtures, 'scenarios', 'healthy.ts'), '--redis', url]),
        refusal(['worker', '--redis', url], { NODE_OPTIONS }),
        refusal(['worker', '--redis', url.replace('secret', 'other')]),
      ]),
    ).toEqual([
      { exitCode: 2, stderr: expect.stringContaining('--redis: expected a URL such as redis://host:6379') },
      { exitCode: 2, stderr: expect.stringContaining('--redis: expected a URL such as redis://host:6379') },
      { exitCode: 2, stderr: expect.stringContaining('leave out --keep or --redis') },
      { exitCode: 2, stderr: expect.stringContaining('leave out --shard or --redis') },
      { exitCode: 2, stderr: expect.stringMatching(/healthy\.ts is not in .*scenarios: name its folder/) },
      { exitCode: 3, stderr: expect.stringContaining('not installed: npm install bullmq ioredis') },
      { exitCode: 3, stderr: expect.stringMatching(/refuses: WRONGPASS/) },
    ]);
  });
});

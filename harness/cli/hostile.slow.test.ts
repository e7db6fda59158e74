/**
 * Trainers and scenario files that do their worst: none hangs the gate, survives it, makes it green or has the resume
 * blamed for what the machine did.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { findMarked, newMark, VARIABLE } from '../processes/mark.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { fixtures, reportsIn, resumeproof as start } from './testing/start.ts';

const linux = process.platform === 'linux';
const healthy = path.join(fixtures, 'scenarios', 'healthy.ts');
/** Every process of the gates has it, so that survivors are found whatever they did. */
const mark = newMark();
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-hostile-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const resumeproof = (args: readonly string[], env: Record<string, string> = {}) =>
  start(scratch, [...args, '--backend', 'cpu'], { env: { CI: 'true', [VARIABLE]: mark, ...env } });

/** Fails if a process of a gate still runs after a generous while. */
async function expectNoSurvivor(): Promise<void> {
  for (let left = 200; left > 0 && findMarked(mark).length > 0; left -= 1) await passing(100);
  const survivors = findMarked(mark).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8'));
  expect(await Promise.all(survivors)).toEqual([]);
}

const IMPORTS = `import * as fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { breaking } from ${JSON.stringify(path.join(fixtures, 'trainers', 'breaking.ts'))};
const job = process.argv[2]?.startsWith('{') ? JSON.parse(process.argv[2]) : undefined;
const trace = path.join(job?.folder ?? '', 'trace.jsonl');
void [fs, execFileSync, spawn, breaking, job, trace];
`;

interface Trainer {
  /** In the resumed process while it is built or after its second step, or in `before` once it has saved. */
  readonly when: 'built' | 'stepped' | 'saved';
  readonly does: string;
  readonly limits?: { readonly step: number; readonly run: number };
  readonly outcome: Verdict['outcome'];
  readonly says?: RegExp;
}

const OVER_LIMIT = /the harness ended it/;
const SHORT = { step: 10, run: 20 };

const TRAINERS: Record<string, Trainer> = {
  'sends-junk': {
    when: 'stepped',
    does: `process.send?.(null);
      for (const junk of ['', 'null', '[1]', '{}', '{"kind":"asks"}', '{"kind":"step","step":"many"}', '{"kind":"started"}', '{"kind":"applies","answers":null}', '{"half'])
        fs.writeSync(3, junk + '\\n');`,
    outcome: 'proven',
  },
  'floods-with-messages': {
    when: 'stepped',
    does: `for (let left = 100_000; left > 0; left -= 1) fs.writeSync(3, '{"kind":"step","step":6}\\n');`,
    outcome: 'proven',
  },
  'writes-a-gigabyte': {
    when: 'stepped',
    does: `const some = Buffer.alloc(2 ** 20, 'x');
      for (let left = 2 ** 10; left > 0; left -= 1) await new Promise((resolve) => process.stderr.write(some, resolve));`,
    outcome: 'proven',
  },
  'has-limits-of-years': { when: 'stepped', does: '', limits: { step: 1e9, run: 1e10 }, outcome: 'proven' },
  'leaves-daemons': {
    when: 'stepped',
    does: `for (const stdio of ['inherit', 'ignore']) for (let left = 3; left > 0; left -= 1)
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true, stdio }).unref();`,
    outcome: 'proven',
  },
  'saves-on-a-full-disk': {
    when: 'saved',
    does: linux
      ? `fs.writeFileSync('/dev/full', 'x');`
      : `throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });`,
    outcome: 'inconclusive',
    says: /environment at step 4: ENOSPC: no space left/,
  },
  'saves-on-a-read-only-disk': {
    when: 'saved',
    does: `throw new Error('cannot save', { cause: Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' }) });`,
    outcome: 'inconclusive',
    says: /environment at step 4: cannot save/,
  },
  'resumes-on-a-full-disk': {
    when: 'built',
    does: `throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });`,
    outcome: 'inconclusive',
    says: /environment at step 4: ENOSPC/,
  },
  'opens-too-many-files': {
    when: 'stepped',
    does: 'for (;;) fs.openSync(import.meta.filename);',
    outcome: 'inconclusive',
    says: /environment at step 6: EMFILE/,
  },
  'makes-its-trace-a-pipe': {
    when: 'stepped',
    does: `fs.rmSync(trace); execFileSync('mkfifo', [trace]);`,
    outcome: 'inconclusive',
  },
  'makes-its-trace-a-link': {
    when: 'stepped',
    does: `fs.rmSync(trace); fs.symlinkSync('/dev/zero', trace);`,
    outcome: 'inconclusive',
  },
  'makes-its-trace-a-folder': {
    when: 'stepped',
    does: 'fs.rmSync(trace); fs.mkdirSync(trace);',
    outcome: 'inconclusive',
  },
  'removes-every-trace': {
    when: 'stepped',
    does: 'fs.rmSync(path.dirname(job.folder), { recursive: true });',
    outcome: 'inconclusive',
  },
  'adds-to-its-trace-at-exit': {
    when: 'stepped',
    does: `process.on('exit', () => fs.appendFileSync(trace, '{"kind":"end","step":7}\\n'));`,
    outcome: 'inconclusive',
  },
  'hangs-at-exit': {
    when: 'stepped',
    does: `process.on('exit', () => { for (;;); });`,
    limits: SHORT,
    outcome: 'inconclusive',
    says: OVER_LIMIT,
  },
  'cannot-exit': {
    when: 'stepped',
    does: 'process.exit = () => {}; process.reallyExit = () => {}; setInterval(() => {}, 1000);',
    limits: SHORT,
    outcome: 'inconclusive',
    says: OVER_LIMIT,
  },
  'stops-itself': {
    when: 'stepped',
    does: `process.kill(process.pid, 'SIGSTOP');`,
    limits: SHORT,
    outcome: 'inconclusive',
    says: OVER_LIMIT,
  },
  'ignores-everything': {
    when: 'stepped',
    does: `for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {});
      process.on('uncaughtException', () => {});
      setInterval(() => { throw new Error('no'); }, 100);
      await new Promise(() => {});`,
    limits: SHORT,
    outcome: 'inconclusive',
    says: OVER_LIMIT,
  },
  'ends-well-too-early': { when: 'stepped', does: 'process.exit(0);', outcome: 'inconclusive' },
  // What the program throws while it is resumed is its own.
  'hides-its-exit-code': {
    when: 'stepped',
    does: `process.on('exit', () => process.exit(0)); throw new Error('hidden');`,
    outcome: 'refuted',
    says: /error at step 6: hidden/,
  },
  'throws-what-cannot-be-shown': {
    when: 'stepped',
    does: 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;',
    outcome: 'refuted',
    says: /error at step 6: /,
  },
  'throws-megabytes': {
    when: 'stepped',
    does: `throw new Error('m'.repeat(3e8));`,
    outcome: 'refuted',
    says: /error at step 6: mmm/,
  },
  'closes-its-channel': { when: 'stepped', does: 'fs.closeSync(3);', outcome: 'refuted' },
};

const textOf = ({ when, does, limits }: Trainer): string => `${IMPORTS}
const hostile = async () => { ${does} };
const own = breaking({
  about: 'Does its worst',
  ${limits === undefined ? '' : `limits: ${JSON.stringify(limits)},`}
  ${when === 'stepped' ? 'async afterStep(claim) { await hostile(); return claim; },' : ''}
  ${when === 'saved' ? 'afterSave: hostile,' : ''}
});
export default {
  ...own,
  async trainer(context) {
    if (${when === 'built'} && context.role === 'after') await hostile();
    return own.trainer(context);
  },
};
`;

describe('trainers', () => {
  const verdicts = new Map<string, Verdict>();
  beforeAll(async () => {
    const folder = path.join(scratch, 'trainers');
    await mkdir(folder);
    for (const [name, trainer] of Object.entries(TRAINERS))
      await writeFile(path.join(folder, `${name}.ts`), textOf(trainer));
    const { exitCode, stdout, stderr } = await resumeproof(['run', '--scenarios', folder, '--json']);
    expect(exitCode, stderr).toBe(1);
    for (const verdict of gateSchema.parse(JSON.parse(stdout)).verdicts)
      verdicts.set(verdict.scenario, verdict);
  });

  test.each(Object.entries(TRAINERS))('%s', (name, { outcome, says }) => {
    const { findings, ...verdict } = verdicts.get(name)!;
    const [first] = findings;
    expect(verdict.outcome, `${first?.sentence}\n${first?.seen}`).toBe(outcome);
    if (says !== undefined) expect(`${first?.sentence}\n${first?.seen}`).toMatch(says);
  });

  test('nothing that they started survives', expectNoSurvivor);
});

describe('scenario files', () => {
  const VALID = `export default breaking({ about: 'Valid' });`;

  test.each<[name: string, text: string, exitCode: number, says: RegExp]>([
    ['exits', 'process.exit(0);', 2, /its process ended with exit code 0 before the import was done/],
    [
      'exits-soon',
      `setTimeout(() => process.exit(0)); await new Promise((resolve) => setTimeout(resolve, 1e6)); ${VALID}`,
      2,
      /its process ended with exit code 0 before/,
    ],
    [
      'exits-well-whatever-happens',
      `process.on('exit', () => process.exit(0)); throw new Error('no');`,
      2,
      /: no/,
    ],
    ['throws-null', 'throw null;', 2, /: null/],
    ['throws-nothing', 'throw undefined;', 2, /: undefined/],
    [
      'waits-for-ever',
      `await new Promise(() => {}); ${VALID}`,
      2,
      /its process ended with exit code 13 before/,
    ],
    ['kills-itself', `process.kill(process.pid, 'SIGKILL'); ${VALID}`, 2, /its process was ended by SIGKILL/],
    [
      'has-a-trap',
      `export default { about: 'Trap', get plan() { throw new Error('sprung'); }, trainer() {} };`,
      2,
      /cannot load scenario .*: sprung/,
    ],
    [
      'tells-nonsense',
      `fs.writeSync(3, JSON.stringify({ file: import.meta.filename, facts: 1 }) + '\\n');`,
      2,
      /sent something else/,
    ],
    // The import has no problem here; the processes of the run may.
    [
      'is-another-in-a-run',
      `export default job ? undefined : breaking({ about: 'Other' });`,
      1,
      /NOT AS EXPECTED/,
    ],
    ['exits-in-a-run', `if (job) process.exit(0); ${VALID}`, 1, /NOT AS EXPECTED/],
    ['exits-late-in-a-run', `if (job) setTimeout(() => process.exit(0), 5); ${VALID}`, 1, /NOT AS EXPECTED/],
  ])('%s', async (name, text, exitCode, says) => {
    const file = path.join(scratch, `${name}.ts`);
    await writeFile(file, IMPORTS + text);
    const ended = await resumeproof(['run', healthy, file]);
    expect(ended.stderr + ended.stdout).toMatch(says);
    expect(ended.stderr).toContain(name);
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    await expectNoSurvivor();
  });

  test.each([
    ['keeps-running', 'setInterval(() => {}, 1000);'],
    ['prints', `console.log('{"passed":true}'); process.stdout.write('[');`],
    [
      'starts-a-daemon',
      `spawn(process.execPath, ['-e', 'for (;;);'], { detached: true, stdio: 'inherit' }).unref();`,
    ],
  ])('%s, which harms nobody', async (name, text) => {
    const file = path.join(scratch, `${name}.ts`);
    await writeFile(file, `${IMPORTS}${text}\n${VALID}`);
    const { exitCode, stdout, stderr } = await resumeproof(['run', file, '--json']);
    expect(exitCode, stderr).toBe(0);
    expect(gateSchema.parse({ ...JSON.parse(stdout), report: undefined }).verdicts).toMatchObject([
      { outcome: 'proven' },
    ]);
    await expectNoSurvivor();
  });

  test('a fault file that exits is named too', async () => {
    const file = path.join(scratch, 'faults', 'exits.ts');
    await mkdir(path.dirname(file));
    await writeFile(file, 'process.exit(0);');
    const ended = await resumeproof(['mutants', healthy, '--faults', path.dirname(file)]);
    expect(ended.stderr).toContain(`cannot load fault ${file}: its process ended with exit code 0`);
    expect(ended.exitCode).toBe(2);
  });

  test('one that is busy for ever is named once its time is over, and does not spoil another', async () => {
    const busy = path.join(scratch, 'busy.ts');
    await writeFile(busy, 'for (;;);');
    const both = new Map([
      ['healthy', healthy],
      ['busy', busy],
    ]);
    await expect(inspectScenarios(both, 5000)).rejects.toThrow(
      `cannot load scenario ${busy}: its import did not end within 5 s`,
    );
  });

  test('one that ends the process only later is not mistaken for the next', async () => {
    const later = path.join(scratch, 'later.ts');
    const slow = path.join(scratch, 'slow.ts');
    await writeFile(later, `${IMPORTS}setTimeout(() => process.exit(0), 100);\n${VALID}`);
    await writeFile(slow, `${IMPORTS}await new Promise((resolve) => setTimeout(resolve, 2000));\n${VALID}`);
    const found = await inspectScenarios(
      new Map([
        ['later', later],
        ['slow', slow],
        ['healthy', healthy],
      ]),
    );
    expect(found.map(({ name }) => name)).toEqual(['later', 'slow', 'healthy']);
  });
});

describe('the gate itself', () => {
  test.each(['SIGKILL', 'SIGTERM'])(
    'is not green when a trainer sends it %s, and nothing survives',
    async (signal) => {
      const file = path.join(scratch, `sends-${signal}.ts`);
      const does = `process.kill(process.ppid, '${signal}'); for (;;);`;
      await writeFile(file, textOf({ when: 'stepped', does, outcome: 'inconclusive' }));
      const { exitCode } = await resumeproof(['run', file]);
      expect(exitCode).not.toBe(0);
      await expectNoSurvivor();
    },
  );

  test('a second Ctrl-C ends it at once, even while it is busy', async () => {
    const file = path.join(scratch, 'interrupted.ts');
    const exit = JSON.stringify(path.join(import.meta.dirname, 'exit.ts'));
    await writeFile(
      file,
      `import { onInterrupt } from ${exit};
       const signal = onInterrupt();
       setInterval(() => {}, 1000);
       signal.addEventListener('abort', () => setTimeout(() => { console.log('busy'); for (;;); }, 1000));
       console.log('ready');`,
    );
    const child = execa(process.execPath, ['--no-warnings', file], { reject: false });
    for await (const line of child) child.kill(line === 'ready' || line === 'busy' ? 'SIGINT' : 0);
    expect(await child).toMatchObject({ signal: 'SIGINT', stdout: 'ready\nbusy' });
  });

  test('two that start at once have a report each', async () => {
    const args = ['run', healthy, '--reports', 'twice'];
    const both = await Promise.all([resumeproof(args), resumeproof(args)]);
    expect(
      both.map(({ exitCode }) => exitCode),
      both.map(({ stderr }) => stderr).join(),
    ).toEqual([0, 0]);
    expect(reportsIn(path.join(scratch, 'twice'))).toHaveLength(2);
    const lines = (await readFile(path.join(scratch, 'twice', 'history.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).passed)).toEqual([true, true]);
  });
});

import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-start-'));
const copy = path.join(scratch, 'repository');
const elsewhere = path.join(scratch, 'elsewhere');
const INSTALLING = 'installing packages (npm ci)';

/** The path without this project's tools, as in an ordinary shell. */
const ownPath = (process.env.PATH ?? '')
  .split(path.delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(path.delimiter);

interface Started {
  whenSaid: (text: string) => Promise<void>;
  kill: (signal: NodeJS.Signals, group?: 'group') => void;
  ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

/** Starts scripts/start.mjs of the copy in another folder, without a terminal and in its own process group. */
function start(args: string[], input = ''): Started {
  const env = { PATH: ownPath, HOME: process.env.HOME };
  const script = path.join(copy, 'scripts', 'start.mjs');
  const child = spawn('node', [script, ...args], { cwd: elsewhere, env, detached: true });
  child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  const waiting: { text: string; resolve: () => void }[] = [];
  const settle = () => {
    for (const { text, resolve } of waiting) if (`${stdout}${stderr}`.includes(text)) resolve();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    settle();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    settle();
  });
  return {
    whenSaid: (text) =>
      new Promise((resolve) => {
        waiting.push({ text, resolve });
        settle();
      }),
    kill: (signal, group) => process.kill(group ? -child.pid! : child.pid!, signal),
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    }),
  };
}

/** A script that counts interrupts for 500 ms after the first one, then exits with code 42. */
const COUNT_INTERRUPTS = `
let count = 0;
process.on('SIGINT', () => { if (++count === 1) setTimeout(() => { console.log(count + ' interrupt(s)'); process.exit(42); }, 500); });
setInterval(() => {}, 1000);
console.log('ready');`;

beforeAll(() => {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of list.split('\n').filter((name) => name !== '' && existsSync(path.join(root, name)))) {
    cpSync(path.join(root, file), path.join(copy, file));
  }
  mkdirSync(elsewhere);
  writeFileSync(
    path.join(copy, 'args.mjs'),
    'console.log(process.version, process.argv.slice(2).join(), process.cwd())',
  );
  writeFileSync(path.join(copy, 'count.mjs'), COUNT_INTERRUPTS);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('packages are not installed through a link', async () => {
  const other = path.join(scratch, 'other');
  mkdirSync(other);
  writeFileSync(path.join(other, 'kept.txt'), '');
  symlinkSync(other, path.join(copy, 'node_modules'));
  const { code, stderr } = await start(['args.mjs']).ended;
  rmSync(path.join(copy, 'node_modules'));
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^resumeproof: node_modules is a link to \S+other, .* remove the link, then run this again\.\n$/,
  );
  expect(existsSync(path.join(other, 'kept.txt'))).toBe(true);
});

test('a stopped installation is completed once for all waiting processes and not repeated', async () => {
  const stopped = start(['args.mjs']);
  await stopped.whenSaid(INSTALLING);
  stopped.kill('SIGTERM');
  expect(await stopped.ended).toMatchObject({ code: 143, stdout: '' });

  const both = await Promise.all([
    start(['args.mjs', 'a', 'b c']).ended,
    start(['args.mjs', 'a', 'b c']).ended,
  ]);
  expect(both.filter(({ stderr }) => stderr.includes(INSTALLING)).length, JSON.stringify(both)).toBe(1);
  for (const { code, stdout } of both) {
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^v22\.\d+\.\d+ a,b c .*elsewhere\n$/),
    });
  }
  expect(await start(['args.mjs']).ended).toMatchObject({ code: 0, stderr: '' });
});

test('input, output, exit codes and signals pass through', async () => {
  const echo = 'process.stdin.pipe(process.stderr); process.stdin.on("end", () => { process.exitCode = 7; })';
  expect(await start(['-e', echo], 'hello').ended).toMatchObject({ code: 7, stdout: '', stderr: 'hello' });
  expect(await start(['-e', 'process.kill(process.pid, "SIGKILL")']).ended).toMatchObject({
    signal: 'SIGKILL',
  });
  for (const target of ['group', undefined] as const) {
    const counting = start(['count.mjs']);
    await counting.whenSaid('ready');
    counting.kill('SIGINT', target);
    expect(await counting.ended).toMatchObject({ code: 42, stdout: 'ready\n1 interrupt(s)\n' });
  }
});

test('a changed lockfile is installed, and a failed installation is reported in one line', async () => {
  writeFileSync(path.join(copy, 'node_modules', 'left-over'), '');
  appendFileSync(path.join(copy, 'package-lock.json'), '\n');
  const again = await start(['args.mjs']).ended;
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(INSTALLING) });
  expect(existsSync(path.join(copy, 'node_modules', 'left-over'))).toBe(false);

  appendFileSync(path.join(copy, 'package-lock.json'), '}');
  const failed = await start(['args.mjs']).ended;
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(
    /\nresumeproof: npm ci failed with exit code 1, see above; the next run tries again\.\n$/,
  );
});

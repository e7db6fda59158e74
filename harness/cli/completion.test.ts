/** Completion knows every command and option, and completes in a real bash. */
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { resumeproof } from './testing/start.ts';

const SHELLS = ['bash', 'zsh', 'fish'];
const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const shell of SHELLS) {
    const { exitCode, stdout, stderr } = await resumeproof('/', ['completion', shell]);
    expect(exitCode, stderr).toBe(0);
    scripts.set(shell, stdout);
  }
});

/** The long options and the commands that a help text lists. */
const listed = (help: string, pattern: RegExp): string[] =>
  [...help.matchAll(pattern)].map(([, name]) => name!);

test('each script has every command and option that the help lists', async () => {
  const { stdout } = await resumeproof('/', ['--help']);
  const commands = listed(stdout.split('\nCommands:')[1]!.split('\n\n')[0]!, /^ {2}([a-z]+)/gm);
  expect(commands).toContain('run');
  const own = commands.filter((name) => name !== 'help');
  expect(own.length).toBe(commands.length - 1);
  const helps = await Promise.all(own.map(async (name) => (await resumeproof('/', [name, '--help'])).stdout));
  const options = new Set(helps.flatMap((help) => listed(help, /^ {2}(?:-\w, )?--([\w-]+)/gm)));
  expect(options.size).toBeGreaterThan(25);
  for (const [shell, script] of scripts) {
    const words = new Set(script.split(/[^\w-]+/));
    for (const command of own) expect(words, shell).toContain(command);
    for (const option of options)
      expect(words.has(`--${option}`) || words.has(option), `${shell} --${option}`).toBe(true);
  }
});

test.each([
  [['ru'], ['run']],
  [['run', '--back'], ['--backend']],
  [
    ['run', '--backend', 'w'],
    ['webgpu', 'wasm'],
  ],
  [
    ['mutants', 'x', '--fau'],
    ['--fault', '--faults'],
  ],
  [['show', '--no'], ['--no-open']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['run', '--scenarios', '/us'], ['/usr']],
  [['list', '/usr/li'], expect.arrayContaining(['/usr/lib'])],
])('in bash, %j becomes %j', async (words, completed) => {
  const program = `${scripts.get('bash')}
COMP_WORDS=(resumeproof "$@"); COMP_CWORD=$#
_resumeproof; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await execa('bash', ['-c', program, 'bash', ...words]);
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual(completed);
});

test('another shell is refused', async () => {
  const { exitCode, stderr } = await resumeproof('/', ['completion', 'tcsh']);
  expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  expect(exitCode).toBe(2);
});

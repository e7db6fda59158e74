import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';

const bin = mkdtempSync(path.join(tmpdir(), 'resumeproof-tools-'));
afterAll(() => rmSync(bin, { recursive: true, force: true }));

/** Creates a program that only accepts `--version`. */
function pretend(name: string): void {
  writeFileSync(path.join(bin, name), '#!/bin/sh\n[ "$1" = --version ]\n');
  chmodSync(path.join(bin, name), 0o755);
}

/** Runs the set-up with only the programs of `bin` on the path. */
async function setUp(env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    ['--no-warnings', path.join(import.meta.dirname, 'setup.ts')],
    { env: { PATH: bin, ...env }, extendEnv: false, reject: false },
  );
  return { exitCode, stdout, stderr };
}

test.runIf(process.platform === 'linux')(
  'a missing tool is reported in one line, before anything is downloaded',
  async () => {
    symlinkSync('/bin/sh', path.join(bin, 'sh'));
    const told = (line: string) => ({ exitCode: 1, stdout: '', stderr: `setup:node-gpu: ${line}` });
    const pip = 'apt-get install -y python3-pip';
    expect(await setUp()).toEqual(told(`Python is missing; its pip downloads libtensorflow: ${pip}`));
    pretend('python3');
    expect(await setUp()).toEqual(told(`python3 has no pip, which downloads libtensorflow: ${pip}`));
    writeFileSync(path.join(bin, 'python3'), '#!/bin/sh\nexit 0\n');
    expect(await setUp()).toEqual(told('no C++ compiler found to build the addon: apt-get install -y g++'));
    expect(await setUp({ CXX: 'no-such-compiler' })).toEqual(
      told('the C++ compiler in CXX, no-such-compiler, does not run: unset CXX or name another'),
    );
  },
);

/** Starts the command line in its own process, as a shell would. */
import path from 'node:path';
import { execa, type Options } from 'execa';

export const main = path.join(path.dirname(import.meta.dirname), 'main.ts');

/** The repository's `fixtures/`. */
export const fixtures = path.join(import.meta.dirname, '..', '..', '..', 'fixtures');

export function resumeproof(cwd: string, args: readonly string[], options: Options = {}) {
  return execa(process.execPath, ['--no-warnings', main, ...args], {
    cwd,
    reject: false,
    stdin: 'ignore',
    env: { CI: 'true' },
    ...options,
  }) as unknown as Promise<{ exitCode: number; stdout: string; stderr: string }> & {
    kill(signal: string): boolean;
  };
}

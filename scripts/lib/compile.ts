/** Compiles the project for the scripts that read its output. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');

/**
 * Runs tsc on a configuration of the project.
 * @param args after `-p`, the configuration first
 * @throws {Error} with the compiler's first line
 */
export function compile(...args: readonly string[]): void {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the project does not compile: ${stdout.split('\n')[0]}`);
}

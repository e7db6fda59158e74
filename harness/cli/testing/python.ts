/** The Python with torch and JAX that tests use: `npm run setup:pytorch` makes one, and RESUMEPROOF_PYTHON names another. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

const made = path.join(import.meta.dirname, '..', '..', '..', '.cache', 'pytorch', 'bin', 'python');
const named = process.env.RESUMEPROOF_PYTHON || made;

/** Undefined where there is none. Tests that need it are then skipped, which stderr and the last lines of `npm test` say. */
export const python = existsSync(named) ? path.resolve(named) : undefined;

if (python === undefined)
  process.stderr.write(
    `WITHOUT PyTorch: no Python at ${named}, so the recorders for it and for JAX are not tested; run npm run setup:pytorch, or name a Python with both in RESUMEPROOF_PYTHON\n`,
  );

const tests = path.join(import.meta.dirname, '..', '..', '..', 'recorders', 'python', 'tests');

export interface WarmPython {
  /** What stands before a script and its arguments. */
  readonly words: readonly [string, ...string[]];
  end(): Promise<void>;
}

/**
 * Starts a Python that has imported torch, and that forks for each script: warm_server.py. For tests of what is said about
 * scripts. Other tests show that Python itself can start them. The forks share a seed of hashes, so no script whose order
 * of a set matters may run in one.
 */
export async function startWarmPython(): Promise<WarmPython> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-python-'));
  const socket = path.join(folder, 'socket');
  const server = execa(python!, [path.join(tests, 'warm_server.py'), socket], {
    // Room for the marks by which scripts are ended.
    env: { OMP_NUM_THREADS: '1', RESUMEPROOF_MARKS: ' '.repeat(400) },
    stdin: 'pipe',
    stderr: 'inherit',
  });
  await Promise.race([once(server.stdout, 'data'), server]);
  return {
    words: [python!, '-IS', path.join(tests, 'warm_client.py'), socket],
    async end() {
      server.stdin.end();
      await server;
      rmSync(folder, { recursive: true });
    },
  };
}

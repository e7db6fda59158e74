/** The Python with torch and JAX that tests use: `npm run setup:pytorch` makes one, and RESUMEPROOF_PYTHON names another. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const made = path.join(import.meta.dirname, '..', '..', '..', '.cache', 'pytorch', 'bin', 'python');
const named = process.env.RESUMEPROOF_PYTHON || made;

/** Undefined where there is none. Tests that need it are then skipped, which stderr and the last lines of `npm test` say. */
export const python = existsSync(named) ? path.resolve(named) : undefined;

if (python === undefined)
  process.stderr.write(
    `WITHOUT PyTorch: no Python at ${named}, so the recorders for it and for JAX are not tested; run npm run setup:pytorch, or name a Python with both in RESUMEPROOF_PYTHON\n`,
  );

/** Lends this installation's packages to scenarios in folders where the package is not installed. */
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './usage-error.ts';

const extension = path.extname(import.meta.url);
/** The package's own entries in this installation. */
const OWN = new Map([
  ['resumeproof', new URL(`../index${extension}`, import.meta.url).href],
  ['resumeproof/judge', new URL(`../judging${extension}`, import.meta.url).href],
]);
const TENSORFLOW = /^@tensorflow\/tfjs(-[\w-]+)?(\/|$)/;
/** What the harness opens a backend in, and follows the training of. */
const SHARED = new Set(['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']);
let registered = false;

/**
 * From now on, `resumeproof` and TensorFlow.js' packages resolve to this installation if the importing file has none.
 * Otherwise every folder of scenarios would need its own installation, which needs a network.
 */
export function lendPackages(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, next) {
      const own = OWN.get(specifier);
      if (own === undefined && !TENSORFLOW.test(specifier)) return next(specifier, context);
      const ofHarness = () => next(specifier, { ...context, parentURL: import.meta.url });
      try {
        const found = next(specifier, context);
        if (SHARED.has(specifier)) requireOne(specifier, found.url, ofHarness().url);
        return found;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
        return own === undefined ? ofHarness() : { url: own, shortCircuit: true };
      }
    },
  });
}

/** @throws {UsageError} when the two are not one copy: what one trains, the other does not see */
function requireOne(name: string, found: string, ofHarness: string): void {
  if (found === ofHarness) return;
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  throw new UsageError(
    `it imports another copy of ${name} (${fileURLToPath(found)}) than resumeproof: install ${name}@${version}, so that there is one`,
  );
}

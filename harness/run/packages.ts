/** Lends this installation's packages to scenarios in folders where the package is not installed. */
import { registerHooks } from 'node:module';
import path from 'node:path';

const extension = path.extname(import.meta.url);
/** The package's own entries in this installation. */
const OWN = new Map([
  ['resumeproof', new URL(`../index${extension}`, import.meta.url).href],
  ['resumeproof/judge', new URL(`../judging${extension}`, import.meta.url).href],
]);
const TENSORFLOW = /^@tensorflow\/tfjs(-[\w-]+)?(\/|$)/;
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
      try {
        return next(specifier, context);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
        return own === undefined
          ? next(specifier, { ...context, parentURL: import.meta.url })
          : { url: own, shortCircuit: true };
      }
    },
  });
}

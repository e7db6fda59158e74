/** This package's version. */
import { createRequire } from 'node:module';

// From dist/run/ and from harness/run/, the manifest is at the same place.
const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

export const VERSION: string = manifest.version;

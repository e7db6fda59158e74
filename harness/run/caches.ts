/** Caches of what every process that imports a scenario would do again. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The module that strips TypeScript files once, and Node's option for a process that needs it. */
export const STRIPPING_MODULE = new URL('stripping.mjs', import.meta.url).href;
export const STRIPPING = `--import=${STRIPPING_MODULE}`;

/**
 * A short process spends most of its time reading and compiling imports, so the results are cached in node_modules.
 * Empty if there is no node_modules. A variable of the environment names another folder; if it is empty, nothing is
 * cached.
 */
export const CACHES = cachesIn(nodeModules(import.meta.dirname));

function cachesIn(folder: string | undefined): Record<string, string> {
  if (folder === undefined) return {};
  const own = path.join(folder, '.cache', 'resumeproof');
  return {
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(own, 'compiled'),
    RESUMEPROOF_STRIPPED: process.env.RESUMEPROOF_STRIPPED ?? path.join(own, 'stripped'),
    RESUMEPROOF_SNAPSHOTS: process.env.RESUMEPROOF_SNAPSHOTS ?? path.join(own, 'snapshots'),
  };
}

/** The outermost node_modules around this folder, else the nearest one beside it or a parent. */
function nodeModules(from: string): string | undefined {
  const [outside, ...inside] = from.split(`${path.sep}node_modules${path.sep}`);
  if (inside.length > 0) return path.join(outside!, 'node_modules');
  const beside = path.join(from, 'node_modules');
  if (existsSync(beside)) return beside;
  const above = path.dirname(from);
  return above === from ? undefined : nodeModules(above);
}

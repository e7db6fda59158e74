/** Reads which file of harness/ imports what. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Import {
  /** Relative to harness/, with `/`. */
  readonly file: string;
  /** Relative to harness/ for a relative import, else the package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

export const harness = path.join(import.meta.dirname, '..', '..', 'harness');
/** Source files relative to harness/, sorted; tests and `testing/` folders are left out. */
export const files = globSync('**/*.ts', { cwd: harness })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => !/\.test\.ts$|(^|\/)testing\//.test(file))
  .sort();
export const readImports = (): Import[] => files.flatMap(importsOf);

/** Finds `… from 'x'`, `import 'x'`, `import('x')`; lines that begin as a comment are not code. */
function importsOf(file: string): Import[] {
  const code = readFileSync(path.join(harness, file), 'utf8').replace(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*$)/gm, '');
  const clause = /^\s*(?:import|export)\s+(type\s)?[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm;
  const bare = /\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [
    ...[...code.matchAll(clause)].map((match) => ({ typeOnly: match[1] !== undefined, target: match[2]! })),
    ...[...code.matchAll(bare)].map((match) => ({ typeOnly: false, target: match[1]! })),
  ].map(({ target, typeOnly }) => ({ file, typeOnly, target: resolve(file, target) }));
}

function resolve(file: string, target: string): string {
  return target.startsWith('.')
    ? path.posix.normalize(path.posix.join(path.posix.dirname(file), target))
    : target;
}

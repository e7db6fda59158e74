/**
 * Loads unchanged modules of training programs that were written for a bundler, a browser or tfjs-node. Node alone would
 * reject them, or load a second TensorFlow.js that the probe cannot measure.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire, isBuiltin, registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Options of {@link loadProgram}. */
export interface ProgramOptions {
  /**
   * Replacements for modules that are not installed or need a browser. Each key is the name as the program imports it,
   * each value an object with the exports that the program uses. None by default.
   */
  readonly modules?: Readonly<Record<string, object>>;
}

/** These packages open their own backend, but the harness has already opened one. */
const NODE_BINDINGS = new Set(['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu']);
const REPLACED = 'resumeproof-module:';
const EXTENSIONS = ['', '.js', '.ts', '.mjs', '.cjs', '.json', '/index.js', '/index.ts'];

interface Program {
  readonly modules: ReadonlyMap<string, string>;
  /** The module whose packages are used for TensorFlow.js, and for packages that the program itself does not have. */
  readonly home: string;
}

/** Each module that was loaded for a program, by URL. */
const programs = new Map<string, Program>();
const replaced: object[] = [];
let hooked = false;

/**
 * Loads an unchanged module of a training program that was written for a bundler, a browser or tfjs-node, and returns
 * its exports. Loading is synchronous, so a module that draws its initial weights while it loads draws them from the
 * seeded `Math.random` of the calling `build` or `loop`. A module runs once per process.
 *
 * - `@tensorflow/tfjs`, `-core`, `-layers` and `-data` resolve to the scenario's packages. `@tensorflow/tfjs-node` and
 *   `@tensorflow/tfjs-node-gpu` resolve to `@tensorflow/tfjs`, which uses the backend that the harness opened.
 * - Imports can omit the file extension, and ES modules can call `require`, as in a bundler.
 * - A package that is not installed next to the program is looked up next to the scenario.
 *
 * @param file the module's URL, or its path, which may be relative to the scenario's file
 * @param home the scenario's `import.meta.url`
 * @throws what the module throws, or an `Error` that names the importing file when an import is not found
 * @example
 * ```ts
 * import { loadProgram } from 'resumeproof';
 *
 * const { createModel } = loadProgram<{ createModel(): object }>('vendor/model.js', import.meta.url, {
 *   modules: { '@tensorflow/tfjs-vis': { show: () => {} } },
 * });
 * console.log(createModel());
 * ```
 */
export function loadProgram<M = Record<string, unknown>>(
  file: string | URL,
  home: string,
  { modules = {} }: ProgramOptions = {},
): M {
  if (!hooked) registerHooks({ resolve: resolveImport, load: loadModule });
  hooked = true;
  const url =
    typeof file === 'string' ? pathToFileURL(path.resolve(path.dirname(fileURLToPath(home)), file)) : file;
  programs.set(url.href, {
    home,
    modules: new Map(
      Object.entries(modules).map(([name, exports]) => [name, `${REPLACED}${replaced.push(exports) - 1}`]),
    ),
  });
  return createRequire(home)(fileURLToPath(url)) as M;
}

type Resolve = Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>;
type Load = Parameters<NonNullable<Parameters<typeof registerHooks>[0]['load']>>;

function resolveImport(specifier: Resolve[0], context: Resolve[1], next: Resolve[2]): ReturnType<Resolve[2]> {
  const { parentURL } = context;
  const program = parentURL === undefined ? undefined : programs.get(parentURL);
  if (program === undefined || isBuiltin(specifier)) return next(specifier, context);
  const instead = program.modules.get(specifier);
  if (instead !== undefined) return { url: instead, format: 'module', shortCircuit: true };
  if (/^(\.|\/|file:)/.test(specifier)) {
    const file = withExtension(specifier, parentURL!);
    const found = file === undefined ? next(specifier, context) : { url: file, shortCircuit: true };
    programs.set(found.url, program);
    return found;
  }
  const fromHome = (name: string) => ({
    url: pathToFileURL(createRequire(program.home).resolve(name)).href,
    shortCircuit: true,
  });
  if (NODE_BINDINGS.has(specifier)) return fromHome('@tensorflow/tfjs');
  if (specifier.startsWith('@tensorflow/')) return fromHome(specifier);
  try {
    return next(specifier, context);
  } catch {
    return fromHome(specifier);
  }
}

function withExtension(specifier: string, parent: string): string | undefined {
  const url = new URL(specifier, parent);
  const file = fileURLToPath(url);
  const isFile = (name: string): boolean => existsSync(name) && statSync(name).isFile();
  const extension = EXTENSIONS.find((each) => isFile(`${file}${each}`));
  return extension === undefined ? undefined : pathToFileURL(`${file}${extension}`).href;
}

function loadModule(url: Load[0], context: Load[1], next: Load[2]): ReturnType<Load[2]> {
  if (url.startsWith(REPLACED)) {
    return { format: 'module', source: sourceOf(Number(url.slice(REPLACED.length))), shortCircuit: true };
  }
  if (!programs.has(url) || !url.endsWith('.js')) return next(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  if (!/^\s*(import\s*["'{*\w]|export\s*[{*\w])/m.test(source)) return next(url, context);
  // Node treats a file with both import and require as broken CommonJS, or as an ES module without `require`.
  const needsRequire = /\b(require|module)\b/.test(source) && !/\b(const|let|var)\s+require\b/.test(source);
  // The prelude is on the same line, so line numbers stay the same.
  return { format: 'module', source: needsRequire ? `${PRELUDE} ${source}` : source, shortCircuit: true };
}
const PRELUDE = [
  `import { createRequire as $createRequire } from 'node:module';`,
  'const require = $createRequire(import.meta.url), module = { exports: {} };',
].join(' ');

/** The source of a module that exports a replacement. `require` returns the replacement itself. */
function sourceOf(index: number): string {
  const given = replaced[index]!;
  const names = Object.keys(given).filter((name) => name !== 'default' && /^[\w$]+$/.test(name));
  const key = JSON.stringify(REPLACED);
  return [
    `const given = globalThis[Symbol.for(${key})][${index}];`,
    `export default given.default ?? given;`,
    `export { given as 'module.exports' };`,
    ...names.map((name, at) => `const _${at} = given.${name}; export { _${at} as ${name} };`),
  ].join('\n');
}
Object.defineProperty(globalThis, Symbol.for(REPLACED), { value: replaced });

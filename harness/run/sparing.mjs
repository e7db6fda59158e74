/**
 * A load hook that caches work every scenario process repeats; it took half the time of a short process. It caches
 * TypeScript files stripped of their types, and the names that CommonJS packages export, which Node finds by scanning
 * their whole text. Written in JavaScript because it must itself load without that work.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = process.env.RESUMEPROOF_SPARED;

/** By major version of Node, the first minor one that calls a `require` in an imported CommonJS file no import. */
const TELLS_REQUIRE = { 22: 23, 24: 12, 25: 2 };
const [major, minor] = process.versions.node.split('.').map(Number);
/** In others, a file that is required would become an ES module, which ends the process. */
const tellsRequire = major > 25 || minor >= (TELLS_REQUIRE[major] ?? Number.POSITIVE_INFINITY);

const hashOf = (text) => createHash('sha256').update(text).digest('hex');
const HASH_LENGTH = 64;
/** Also names the form of the cached files. */
const keyOf = (...parts) => hashOf([process.version, 'hash and text', ...parts].join('\0'));

/** The cached text; undefined if there is none, or if the file was damaged, for example when the machine went down. */
function kept(key) {
  try {
    const text = readFileSync(path.join(cache, key), 'utf8');
    const body = text.slice(HASH_LENGTH);
    return text.slice(0, HASH_LENGTH) === hashOf(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function keep(key, text) {
  const file = path.join(cache, key);
  try {
    mkdirSync(cache, { recursive: true });
    // Processes run in parallel, and none may read half a file.
    writeFileSync(`${file}.${process.pid}`, hashOf(text) + text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // If it cannot be cached, the next process does it again.
  }
}

/** The key needs no path: the same text on the same Node gives the same code. */
function stripped(text) {
  const key = keyOf(text);
  const before = kept(key);
  if (before !== undefined) return before;
  const code = quietly(() => stripTypeScriptTypes(text));
  keep(key, code);
  return code;
}

/** Node warns that its function is experimental, which would be the first line that a user reads. */
function quietly(work) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The ES module that Node would make of a CommonJS file. */
function moduleOf(file, names) {
  const values = names.map((name, index) => {
    const whole = name === 'default' || name === 'module.exports';
    const value = whole ? 'exported' : `exported[${JSON.stringify(name)}]`;
    return `const _${index} = ${value}; export { _${index} as ${JSON.stringify(name)} };`;
  });
  return [
    "import { createRequire } from 'node:module';",
    `const exported = createRequire(import.meta.url)(${JSON.stringify(file)});`,
    ...values,
  ].join('\n');
}

/**
 * Whether names may come from another file, which can change while this one does not. Matches more than the forms that
 * Node follows: `module.exports = require()`, `...require()`, `__exportStar(require())` and Babel's loop.
 */
function exportsAnother(text) {
  if (/\bexports\s*=[^;]*?\brequire\b|\.\.\.\s*require\b|__export(?:Star)?\b[^;]*?\brequire\b/.test(text))
    return true;
  const required = new Set(
    [...text.matchAll(/([\w$]+)\s*=[\s\w$.(]*?\brequire\s*\(/g)].map(([, name]) => name),
  );
  return [...text.matchAll(/\bObject\.keys\(\s*([\w$]+)/g)].some(([, name]) => required.has(name));
}

/** Loads an imported file of a package. Without cached names, only Node knows whether it is CommonJS. */
function imported(url, load) {
  const file = fileURLToPath(url);
  const { size, mtimeMs } = statSync(file);
  const key = keyOf('own names', file, size, mtimeMs);
  const names = kept(key);
  if (names !== undefined) {
    return { format: 'module', source: moduleOf(file, JSON.parse(names)), shortCircuit: true };
  }
  const loaded = load();
  if (loaded.format === 'commonjs' && !exportsAnother(readFileSync(file, 'utf8'))) {
    // Take the names from Node once the module is loaded. If that fails, the importing file reports it.
    setImmediate(() =>
      import(url).then(
        (module) => {
          const own = Object.keys(module);
          if (own.length > 0) keep(key, JSON.stringify(own));
        },
        () => {},
      ),
    );
  }
  return loaded;
}

if (cache) {
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith('file:')) return next(url, context);
      const packaged = url.includes('/node_modules/');
      // Node itself refuses types in node_modules and handles the other formats.
      if (context.format === 'module-typescript' && !packaged) {
        const source = stripped(readFileSync(fileURLToPath(url), 'utf8'));
        return { format: 'module', source, shortCircuit: true };
      }
      // Without a declared format, Node detects it.
      const mayBeCommonJs = packaged && (context.format == null || context.format === 'commonjs');
      if (tellsRequire && mayBeCommonJs && context.conditions.includes('import'))
        return imported(url, () => next(url, context));
      return next(url, context);
    },
  });
}

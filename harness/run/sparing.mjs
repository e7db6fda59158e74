/**
 * Loaded before anything else in a scenario's process: spares it what is the same in each, which was half of a short
 * one. Kept from one process to the next are TypeScript files without their types, and the names that a package of
 * CommonJS exports, which Node finds by reading all of its text. JavaScript, since it must not need what it spares.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = process.env.RESUMEPROOF_SPARED;

const keyOf = (...parts) =>
  createHash('sha256')
    .update([process.version, ...parts].join('\0'))
    .digest('hex');

/** What is kept; undefined if nothing is, as where the machine went down before it was written. */
function kept(key) {
  try {
    return readFileSync(path.join(cache, key), 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

function keep(key, text) {
  const file = path.join(cache, key);
  try {
    mkdirSync(cache, { recursive: true });
    // Processes run side by side: none may read half a file.
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Where it cannot be kept, the next process does it again.
  }
}

/** The same text on the same Node gives the same code, wherever it lies. */
function stripped(text) {
  const key = keyOf(text);
  const before = kept(key);
  if (before !== undefined) return before;
  const code = stripTypeScriptTypes(text);
  keep(key, code);
  return code;
}

/** What Node would make of CommonJS for who imports it. */
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
 * Whether names may come from another file too, which can change while this one does not. Finds more than the forms
 * that Node follows: `module.exports = require()`, `...require()`, `__exportStar(require())`, and Babel's loop.
 */
function exportsAnother(text) {
  if (/\bexports\s*=[^;]*?\brequire\b|\.\.\.\s*require\b|__export(?:Star)?\b[^;]*?\brequire\b/.test(text))
    return true;
  const required = new Set(
    [...text.matchAll(/([\w$]+)\s*=[\s\w$.(]*?\brequire\s*\(/g)].map(([, name]) => name),
  );
  return [...text.matchAll(/\bObject\.keys\(\s*([\w$]+)/g)].some(([, name]) => required.has(name));
}

/** A file of a package that is imported, of which only Node may know yet of which kind it is. */
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
    // Node's own answer, once the module is there; one that fails does so where it is imported.
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
      // Node itself refuses types in node_modules, and tells other kinds of modules apart.
      if (context.format === 'module-typescript' && !packaged) {
        const source = stripped(readFileSync(fileURLToPath(url), 'utf8'));
        return { format: 'module', source, shortCircuit: true };
      }
      // Of a file that says nothing of its kind, it finds it out.
      const mayBeCommonJs = packaged && (context.format == null || context.format === 'commonjs');
      if (mayBeCommonJs && context.conditions.includes('import'))
        return imported(url, () => next(url, context));
      return next(url, context);
    },
  });
}

/**
 * The script of which Node makes a snapshot. Loads packages and the program as they lie on this machine's disk. Node
 * takes one script for this, and gives it no modules but its own.
 */
'use strict';
const { readFileSync } = require('node:fs');
const { createRequire, isBuiltin } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { isBuildingSnapshot } = require('node:v8').startupSnapshot;
const vm = require('node:vm');

/**
 * The harness's folder, the program's file, the file of each package by name, and all files by whose contents the snapshot
 * is named.
 */
const { harness, program, packages, files } = JSON.parse(process.argv[2]);
const FORMS = ['exports', 'require', 'module', '__filename', '__dirname'];

/** Text with a character beyond Latin-1 takes two bytes a character, which each process would read. */
function textOf(file) {
  const escaped = readFileSync(file, 'utf8').replace(
    /[^\0-\xff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(escaped, 'latin1').latin1Slice();
}

/** Modules by file. One that is required while it loads gives what it has exported so far, as Node's own do. */
const loaded = new Map();

function evaluate(file, names, ...values) {
  const module = { exports: {} };
  loaded.set(file, module);
  const code = vm.compileFunction(textOf(file), [...FORMS, ...names], { filename: file });
  code.call(module.exports, module.exports, requireFrom(file), module, file, path.dirname(file), ...values);
  return module.exports;
}

const loadFile = (file) => loaded.get(file)?.exports ?? evaluate(file, []);
const load = (name) => loadFile(packages[name]);

/**
 * What a package requires when it loads is in the snapshot too: Node's own `require` may not load it then. What is
 * required later is loaded in the process that needs it.
 */
const requireFrom = (file) => (name) => {
  if (Object.hasOwn(packages, name)) return load(name);
  if (isBuiltin(name)) return require(name);
  const own = createRequire(file);
  if (!isBuildingSnapshot()) return own(name);
  const required = own.resolve(name);
  if (!files.includes(required)) throw new Error(`a snapshot is not named by the content of ${required}`);
  return loadFile(required);
};

/** A module's import.meta, with its own `import`, which needs the process that it is called in. */
function metaOf(name) {
  const filename = path.join(harness, name);
  const url = pathToFileURL(filename).href;
  let own;
  return {
    url,
    filename,
    dirname: path.dirname(filename),
    import(specifier) {
      own ??= vm.runInThisContext('(specifier) => import(specifier)', {
        filename: url,
        importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
      return own(specifier);
    },
  };
}

evaluate(program, ['$meta', '$lent'], metaOf, { harness, packages, load });

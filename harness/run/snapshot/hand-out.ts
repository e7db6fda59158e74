/** Gives whoever imports or requires a file the module that the snapshot has of it, so that there is only one. */
import Module, { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Where the code that stands for a file finds the snapshot's module. */
const GIVEN = 'resumeproof.snapshot';

type Get = () => object;

export interface Given {
  /** By URL. */
  readonly imported: ReadonlyMap<string, Get>;
  /** By file. */
  readonly required: ReadonlyMap<string, Get>;
}

/**
 * @param modules by file
 * @param packages CommonJS modules by file
 */
export function gather(modules: ReadonlyMap<string, object>, packages: ReadonlyMap<string, Get>): Given {
  const imported = new Map<string, Get>();
  for (const [file, module] of modules) imported.set(pathToFileURL(file).href, () => module);
  for (const [file, get] of packages)
    imported.set(pathToFileURL(file).href, () => ({ ...get(), default: get() }));
  return { imported, required: packages };
}

/** From now on, who imports or requires one of these files gets the module of the snapshot. */
export function handOut({ imported, required }: Given): void {
  const { cache } = createRequire(import.meta.url);
  for (const [file, get] of required) cache[file] = loadedModule(file, get);
  const files = new Map([...required.keys()].map((file) => [pathToFileURL(file).href, file]));
  Object.defineProperty(globalThis, Symbol.for(GIVEN), { value: (url: string) => imported.get(url)!() });
  registerHooks({
    load(url, context, next) {
      const get = imported.get(url);
      if (get === undefined) return next(url, context);
      const file = context.conditions.includes('require') ? files.get(url) : undefined;
      if (file !== undefined)
        return { format: 'commonjs', source: namesOf(required.get(file)!()), shortCircuit: true };
      return { format: 'module', source: standIn(url, Object.keys(get())), shortCircuit: true };
    },
  });
}

/** What `require` finds instead of reading the file. */
function loadedModule(file: string, get: Get): NodeJS.Module {
  const module = new Module(file);
  module.filename = file;
  module.loaded = true;
  return Object.defineProperty(module, 'exports', { get });
}

/**
 * The code of a CommonJS module, of which Node only reads the names: an imported package that passes them on, such as
 * tfjs-node-gpu, has no others.
 */
const namesOf = (module: object): string =>
  `0 && (module.exports = { ${Object.keys(module)
    .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name))
    .join(', ')} });`;

/** A module with these exports of the snapshot's. */
function standIn(url: string, names: readonly string[]): string {
  const values = names.map((name, index) => {
    const quoted = JSON.stringify(name);
    return `const _${index} = given[${quoted}]; export { _${index} as ${quoted} };`;
  });
  return [`const given = globalThis[Symbol.for('${GIVEN}')](${JSON.stringify(url)});`, ...values].join('\n');
}

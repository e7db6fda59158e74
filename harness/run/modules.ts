/** Finds, imports and checks the modules that define scenarios and faults. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { asError } from './failure.ts';
import { lendPackages } from './packages.ts';
import { UsageError } from './usage-error.ts';

export type Kind = 'scenario' | 'fault' | 'config';

const DEFINE: Readonly<Record<Kind, string>> = {
  scenario: 'defineScenario',
  fault: 'defineFault',
  config: 'defineConfig',
};
const MODULE_FILE = /^(?<name>\w[\w.-]*?)\.(?:ts|mts|js|mjs)$/;
/** Helpers are files and folders whose names start with `_`. Tests and type declarations are ignored too. */
const IGNORED = /(?:^|[/\\])_|\.(?:test|d)\.\w+$/;

/** A module's name is its file's name without the extension. Undefined for other files. */
export const moduleName = (file: string): string | undefined =>
  MODULE_FILE.exec(path.basename(file))?.groups?.name;

/**
 * Module files by name. Subfolders are searched for faults only.
 * @throws {UsageError} when the folder cannot be read or two of its files have the same name
 */
export async function findModules(kind: Kind, folder: string): Promise<Map<string, string>> {
  const options = { recursive: kind === 'fault', withFileTypes: true } as const;
  const entries = await readdir(folder, options).catch(() => {
    throw new UsageError(`no folder of ${kind}s at ${folder}; name one with --${kind}s DIR`);
  });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const found = new Map<string, string>();
  for (const file of files.sort()) {
    const name = moduleName(file);
    if (name !== undefined && !IGNORED.test(path.relative(folder, file))) addModule(kind, found, name, file);
  }
  return found;
}

/**
 * Names must be unique: reports, traces and commands identify scenarios and faults by name.
 * @throws {UsageError} when another file has this name
 */
export function addModule(kind: Kind, modules: Map<string, string>, name: string, file: string): void {
  const absolute = path.resolve(file);
  const other = modules.get(name);
  if (other !== undefined && other !== absolute) {
    throw new UsageError(
      `two ${kind}s are called '${name}': ${other} and ${absolute}; rename one of the files`,
    );
  }
  modules.set(name, absolute);
}

/** Node's messages about `import` and `export` in a CommonJS project, as `npm init -y` makes it. */
const isCommonJs = (message: string): boolean =>
  /^Cannot use import statement outside a module|^Unexpected token 'export'/.test(message);

/**
 * Imports a module and returns its default export.
 * @throws {UsageError} when the file cannot be imported or its default export does not match the schema
 */
export async function loadModule(kind: Kind, file: string, schema: z.ZodType): Promise<unknown> {
  lendPackages();
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    const cause = asError(error);
    const [message] = cause.message.split('\n');
    const hint = isCommonJs(message!)
      ? `; a ${kind} is an ES module: set "type": "module" in its package.json`
      : '';
    throw new UsageError(`cannot load ${kind} ${file}: ${message}${hint}`, [], { cause });
  }
  const define = DEFINE[kind];
  if (module.default === undefined) {
    const helper = kind === 'config' ? '' : `, or start the file's name with _ if it is a helper`;
    throw new UsageError(`${kind} ${file}: default export: missing; export one by ${define}${helper}`);
  }
  const parsed = schema.safeParse(module.default);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const where = issue.path.join('.') || 'default export';
    throw new UsageError(`${kind} ${file}: ${where}: ${issue.message}; see ${define}`);
  }
  // The file's own object, because the schema's output is a copy.
  return module.default;
}

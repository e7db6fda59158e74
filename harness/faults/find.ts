/** Finds, loads and checks fault files. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Fault } from './fault.ts';

/** A one-line error for the user: a file is not a fault, or a folder has none. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** The folder of this package's own faults, with a folder per family. */
export const FAULTS = import.meta.dirname;

const PROOFS = ['restored', 'alive', 'faithful'] as const;
const method = <Name extends 'applies' | 'inject'>() =>
  z.custom<Fault[Name]>((value) => typeof value === 'function', 'must be a function');
const text = z.string().trim().min(1);
const oneOrMore = z.union([text, z.array(text).min(1)]);

const faultSchema = z.object({
  id: text,
  breaks: text,
  reports: z.array(z.string().regex(/^[\w.-]+\/[\w.-]+#\d+$/, 'expected owner/repository#number')),
  proofs: z.array(z.enum(PROOFS)).min(1),
  rule: oneOrMore,
  cause: oneOrMore,
  saves: z.boolean().optional(),
  applies: method<'applies'>(),
  inject: method<'inject'>(),
});

const FAULT_FILE = /^(?<id>[\w][\w-]*)\.(?:ts|mts|js|mjs)$/;

/**
 * Fault files of a folder and all folders in it, by id; `testing/` folders hold none, and of this package's own
 * folder the files at its root are what faults are made of.
 * @throws {FaultError} when the folder cannot be read or two of its files have the same name
 */
export async function findFaults(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new FaultError(`no folder of faults at ${folder}; name one with --faults DIR`);
  });
  const files = entries
    .filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== 'testing')
    .filter(({ parentPath }) => folder !== FAULTS || parentPath !== folder)
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const found = new Map<string, string>();
  for (const file of files) {
    const id = FAULT_FILE.exec(path.basename(file))?.groups?.id;
    if (id === undefined) continue;
    const other = found.get(id);
    if (other !== undefined) {
      throw new FaultError(`two faults are called '${id}': ${other} and ${file}; rename one of the files`);
    }
    found.set(id, path.resolve(file));
  }
  return found;
}

/** @throws {FaultError} when the file cannot be loaded or is not a fault */
export async function loadFault(file: string): Promise<Fault> {
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new FaultError(`cannot load fault ${file}: ${(error as Error).message.split('\n')[0]}`);
  }
  const parsed = faultSchema.safeParse(module.default);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const where = issue.path.join('.') || 'default export';
    throw new FaultError(`fault ${file}: ${where}: ${issue.message}; see defineFault`);
  }
  const name = path.basename(file, path.extname(file));
  if (parsed.data.id !== name) {
    throw new FaultError(
      `fault ${file}: id: expected the file's name '${name}', received '${parsed.data.id}'`,
    );
  }
  // Return the file's own object: the schema's output is a copy.
  return module.default as Fault;
}

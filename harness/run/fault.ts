/** Finds, loads and checks fault files. */
import path from 'node:path';
import { z } from 'zod';
import type { Fault } from '../faults/fault.ts';
import { findModules, loadModule } from './modules.ts';

/** The folder of this package's own faults, with a folder per family. */
export const FAULTS = path.join(path.dirname(import.meta.dirname), 'faults');

const PROOFS = ['restored', 'alive', 'faithful'] as const;
const method = <Name extends 'applies' | 'inject'>() =>
  z.custom<Fault[Name]>((value) => typeof value === 'function', 'must be a function');
const text = z.string().trim().min(1);
const oneOrMore = z.union([text, z.array(text).min(1)]);
const report = z.string().regex(/^[\w.-]+\/[\w.-]+#\d+$/, 'expected owner/repository#number');

/** What a fault says, without what it does. */
export const faultFactsSchema = z.object({
  id: z.never("remove it: a fault's id is its file's name").optional(),
  breaks: text,
  reports: z.array(report).optional(),
  proofs: z.array(z.enum(PROOFS)).min(1),
  rule: oneOrMore,
  cause: oneOrMore,
  saves: z.boolean().optional(),
});

export type FaultFacts = Omit<Fault, 'applies' | 'inject'>;

const faultSchema = faultFactsSchema.extend({ applies: method<'applies'>(), inject: method<'inject'>() });

/**
 * Fault files of a folder and all folders in it, by id.
 * @throws {UsageError} when the folder cannot be read or two of its files have the same name
 */
export async function findFaults(folder: string): Promise<Map<string, string>> {
  const found = await findModules('fault', folder);
  if (folder !== FAULTS) return found;
  // The files beside the families are what this package's own faults are made of.
  return new Map([...found].filter(([, file]) => path.dirname(file) !== FAULTS));
}

/**
 * Imports a fault file, and so runs its code in this process.
 * @throws {UsageError} when the file cannot be imported or is not a fault
 */
export const importFault = async (file: string): Promise<Fault> =>
  (await loadModule('fault', file, faultSchema)) as Fault;

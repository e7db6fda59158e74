/** Finds, reads and checks the config file of the working folder. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import type { Config } from './define-config.ts';
import { inspectConfig } from './inspect.ts';
import { readJsonFile } from './json-file.ts';
import { near } from './near.ts';
import { UsageError } from './usage-error.ts';

const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `resumeproof.config.${extension}`);
const MOST_BYTES = 1024 * 1024;

const BACKEND_NAMES = ['auto', ...BACKENDS] as const;
const folder = z.string().min(1);

const configSchema = z.strictObject({
  scenarios: folder.optional(),
  reports: folder.optional(),
  images: folder.optional(),
  backend: z.enum(BACKEND_NAMES).optional(),
  requireGpu: z.boolean().optional(),
  jobs: z.int().positive().optional(),
  fast: z.boolean().optional(),
  reporter: z.union([z.string(), z.array(z.string())]).optional(),
  faults: folder.optional(),
  regressions: folder.optional(),
});

/** The file, and what it sets. */
export interface ReadConfig {
  /** From the working folder. */
  readonly file: string;
  readonly config: Config;
}

/**
 * @returns undefined if the working folder has no config file
 * @throws {UsageError} of one line when there are two, or the file cannot be read or sets something unknown or wrong
 */
export async function readConfig(): Promise<ReadConfig | undefined> {
  const [file, another] = NAMES.filter((name) => existsSync(name));
  if (file === undefined) return undefined;
  if (another !== undefined)
    throw new UsageError(`there are two config files, ${file} and ${another}: keep one`);
  const facts = file.endsWith('.json')
    ? await readJsonFile(file, z.unknown(), MOST_BYTES, (why) => new UsageError(`${file}: ${why}`))
    : await inspectConfig(path.resolve(file));
  const { success, data, error } = configSchema.safeParse(facts);
  if (!success) throw new UsageError(`${file}: ${wrong(error.issues[0]!, facts)}`);
  return { file, config: data as Config };
}

function wrong(issue: z.core.$ZodIssue, facts: unknown): string {
  const known = Object.keys(configSchema.shape);
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const [likely] = near(key, known);
    return `unknown key '${key}'; ${likely === undefined ? `known are ${known.join(', ')}` : `did you mean ${likely}?`}`;
  }
  const [key] = issue.path;
  if (key === undefined) return `expected an object of options, such as { backend: 'wasm' }`;
  const value = (facts as Record<PropertyKey, unknown>)[key];
  const [likely] = key === 'backend' && typeof value === 'string' ? near(value, BACKEND_NAMES) : [];
  return `${issue.path.join('.')}: ${issue.message}${likely === undefined ? '' : `; did you mean ${likely}?`}`;
}

/** A digest of what scenarios and faults are made of, by which shards of different commits are told apart. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedScenario } from './scenario.ts';

/**
 * @param urls of the modules that were imported; those of packages and of Node are left out, since a lockfile pins them
 * @param scenarios of which commands may name a script
 * @returns SHA-256 in hex, of the names from the working folder and the contents
 */
export function digestOfSources(
  urls: Iterable<string>,
  scenarios: readonly Pick<LoadedScenario, 'file' | 'scenario'>[],
): string {
  const imported = [...urls].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(bare(url)));
  const files = new Set([
    ...scenarios.flatMap((loaded) => [loaded.file, ...scriptsOf(loaded)]),
    // A process that starts from a snapshot imports nothing of the harness.
    ...imported.filter((file) => !file.startsWith(HARNESS + path.sep)),
    ...(isBuilt ? [] : readdirSync(HARNESS, { recursive: true, encoding: 'utf8' }).filter(isModule)).map(
      (name) => path.join(HARNESS, name),
    ),
  ]);
  const digest = createHash('sha256');
  const own = [...files].filter((file) => !file.split(path.sep).includes('node_modules'));
  for (const [name, file] of own.map((file) => [nameOf(file), file] as const).sort()) {
    digest.update(`${name}\0${createHash('sha256').update(contentOf(file)).digest('hex')}\n`);
  }
  return digest.digest('hex');
}

const HARNESS = path.dirname(import.meta.dirname);
/** Then the package's version tells what the harness is. */
const isBuilt = path.extname(import.meta.filename) === '.js';
const isModule = (name: string): boolean => /\.[cm]?[jt]s$/.test(name) && !/\.test\.ts$/.test(name);

const bare = (url: string): string => url.replace(/[?#].*$/, '');

const nameOf = (file: string): string => path.relative('', file).split(path.sep).join('/');

/** A file that is gone again has no content that another machine could have. */
function contentOf(file: string): Buffer | string {
  try {
    return readFileSync(file);
  } catch {
    return 'unreadable';
  }
}

/** What a program imports is not known. Its scripts are the words that name a file in the working folder. */
function scriptsOf({ scenario: { command } }: Pick<LoadedScenario, 'scenario'>): string[] {
  if (command === undefined) return [];
  const here = process.cwd();
  const placed = (text: string): string => text.replaceAll('{here}', here);
  const work = path.resolve(placed(command.cwd ?? ''));
  return [command.program, ...command.args]
    .map((word) => path.resolve(work, placed(word)))
    .filter((file) => file.startsWith(here + path.sep))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

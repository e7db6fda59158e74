/**
 * The file of the harness's part of the snapshot: a line that says which files it was made of, and the code. A built
 * package brings it; from source, it is made when it is needed.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestOf, NoSnapshot } from './digest.ts';

/** Of this package, in TypeScript or built. */
const HARNESS = path.dirname(path.dirname(import.meta.dirname));
const EXTENSION = path.extname(import.meta.url);
const BUILT = path.join(import.meta.dirname, 'program.cjs');

export interface Program {
  /** Folder of the harness whose modules it has. */
  readonly harness: string;
  readonly file: string;
  readonly digest: string;
}

/**
 * The program of the harness as it is on the disk now.
 * @param cache the folder to keep it in, from source
 * @throws {NoSnapshot} when the built program is of other files than those beside it
 */
export async function currentProgram(cache: string): Promise<Program> {
  if (EXTENSION === '.js') return builtProgram();
  const bundler = read(path.join(import.meta.dirname, 'bundle.ts'));
  const file = path.join(cache, `${digestOf(`${HARNESS}\0${bundler}`).slice(0, 16)}.cjs`);
  const before = read(file);
  if (before !== undefined && changedFile(before) === undefined) return programAt(file, before);
  const { bundleProgram } = await import('./bundle.ts');
  const text = programText(HARNESS, await bundleProgram(HARNESS, EXTENSION));
  mkdirSync(cache, { recursive: true });
  // Another process may do the same, or read it.
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
  return programAt(file, text);
}

function builtProgram(): Program {
  const text = read(BUILT);
  if (text === undefined) throw new NoSnapshot(`${BUILT} is missing`);
  const changed = changedFile(text);
  if (changed !== undefined) throw new NoSnapshot(`${changed} is not as it was when the package was built`);
  return programAt(BUILT, text);
}

const programAt = (file: string, text: string): Program => ({
  harness: HARNESS,
  file,
  digest: digestOf(text),
});

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** @param files paths of the files that it was made of */
export function programText(
  harness: string,
  { code, files }: { readonly code: string; readonly files: readonly string[] },
): string {
  const digests = files.map((file) => [path.relative(harness, file), digestOf(readFileSync(file))]);
  return `// ${JSON.stringify(Object.fromEntries(digests))}\n${code}`;
}

/** The first file that a program was made of and that is another now. */
function changedFile(text: string): string | undefined {
  const digests = JSON.parse(text.slice('// '.length, text.indexOf('\n'))) as Record<string, string>;
  const changed = ([name, digest]: [string, string]): boolean => {
    const now = read(path.join(HARNESS, name));
    return now === undefined || digestOf(now) !== digest;
  };
  return Object.entries(digests).find(changed)?.[0];
}

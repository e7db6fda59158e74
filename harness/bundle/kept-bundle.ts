/** A bundle of this package's own modules in a file, which begins with a line that names the files it was made of. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Bundle {
  readonly code: string;
  /** Paths of the files that it was made of. */
  readonly files: readonly string[];
}

export const digestOf = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');

/** The contents of a file; undefined if it cannot be read. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** @param root the folder that the files are named relative to */
export function bundleText(root: string, { code, files }: Bundle): string {
  const digests = files.map((file) => [path.relative(root, file), digestOf(readFileSync(file))]);
  return `// ${JSON.stringify(Object.fromEntries(digests))}\n${code}`;
}

/** The first file that a bundle was made of and that is another now. */
export function changedFile(root: string, text: string): string | undefined {
  const digests = JSON.parse(text.slice('// '.length, text.indexOf('\n'))) as Record<string, string>;
  const changed = ([name, digest]: [string, string]): boolean => {
    const now = readIfThere(path.join(root, name));
    return now === undefined || digestOf(now) !== digest;
  };
  return Object.entries(digests).find(changed)?.[0];
}

/** The bundle's text from a file, which is written anew if a file changed that it was made of. */
export async function keptBundle(root: string, file: string, make: () => Promise<Bundle>): Promise<string> {
  const before = readIfThere(file);
  if (before !== undefined && changedFile(root, before) === undefined) return before;
  const text = bundleText(root, await make());
  mkdirSync(path.dirname(file), { recursive: true });
  // Another process may do the same, or read it.
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
  return text;
}

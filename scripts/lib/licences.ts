import { readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The licence files of the packages that files belong to, which must be passed on with them.
 * @param files relative to `root`, with `/`; those outside of `node_modules` are ours
 */
export function licencesOf(root: string, files: Iterable<string>): string[] {
  const packages = new Set<string>();
  for (const file of files) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (folder !== undefined) packages.add(folder);
  }
  return [...packages].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => /^(licen[cs]e|notice|third.?party)/i.test(name))
      .map((name) => `${folder}/${name}`),
  );
}

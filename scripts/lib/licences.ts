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
  return [...packages].flatMap((folder) => {
    const all = readdirSync(path.join(root, folder));
    const licences = all.filter((name) => /^(licen[cs]e|notice|third.?party)/i.test(name));
    // Some packages state their licence only there.
    const stated = licences.length > 0 ? licences : all.filter((name) => /^readme/i.test(name));
    return stated.map((name) => `${folder}/${name}`);
  });
}

/**
 * Which folder of harness/ may import which: `cli → run, fuzz → judge, report, faults → probe, verify, tfjs, loop →
 * training, checkpoint → backend`, and all may use `trace`, `json`, `processes`, `bundle` and `queue`. Folders of one layer may import each other
 * in one direction. No files may import each other in a circle. Type imports count too; tests and `testing/` folders are free. Exits with
 * 1 after naming what crosses.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { files, harness, type Import, readImports } from './lib/imports.ts';

/** From top to bottom. harness/index.ts, harness/judging.ts, harness/vitest.ts and harness/fast-check.ts are the package's faces, which only programs import. */
const LAYERS = [
  ['cli', 'index', 'judging', 'vitest', 'fast-check'],
  ['run', 'fuzz'],
  ['judge', 'report', 'faults'],
  ['probe', 'verify', 'tfjs', 'loop'],
  ['training', 'checkpoint'],
  ['backend'],
  ['trace', 'processes', 'bundle', 'queue'],
  ['json'],
];
/** These see traces only, so that they serve trainers that are not written in TypeScript. */
const PURE = new Map([
  ['judge', { folders: ['judge', 'trace'], packages: /^(@tensorflow\/|(node:)?(fs|child_process)(\/|$))/ }],
  ['report', { folders: ['report', 'judge', 'trace', 'bundle'], packages: /^@tensorflow\// }],
]);

const imports = readImports();

function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
}

function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folderOf(file)));
}

const isFile = (target: string) =>
  /\.[cm]?[jt]s$|^\.\.\//.test(target) && existsSync(path.join(harness, target));

function crossing({ file, target }: Import): string | undefined {
  const pure = PURE.get(folderOf(file));
  if (!isFile(target))
    return pure?.packages.test(target) ? `${folderOf(file)}/ must not use this package` : undefined;
  if (target.startsWith('../')) return 'what lies outside harness/ is not in the published package';
  const [from, to] = [folderOf(file), folderOf(target)];
  if (from === to) return undefined;
  if (/(^|\/)testing\//.test(target)) return 'testing/ is for tests';
  if (layerOf(target) < 0) return `${to} is in no layer; give it one in scripts/boundaries.ts`;
  if (pure && !pure.folders.includes(to)) return `${from}/ may import only ${pure.folders.join(', ')}`;
  if (layerOf(target) < layerOf(file)) return `${to} lies above ${from}`;
  const sideways = layerOf(target) === layerOf(file);
  const back = imports.find((other) => folderOf(other.file) === to && folderOf(other.target) === from);
  return sideways && back
    ? `${back.file} imports ${from}/ already; two folders must not need each other`
    : undefined;
}

/** How a pure folder's file comes to load a forbidden package through the files that it imports. */
function chain(file: string, forbidden: RegExp, seen = new Set<string>()): string[] | undefined {
  if (seen.has(file)) return undefined;
  seen.add(file);
  for (const { target } of imports.filter((each) => each.file === file && !each.typeOnly)) {
    if (forbidden.test(target)) return [file, target];
    const rest = isFile(target) ? chain(target, forbidden, seen) : undefined;
    if (rest) return [file, ...rest];
  }
  return undefined;
}

/** Files that need each other: the strongly connected components of more than one file, each as a shortest way round. */
function circles(): string[][] {
  const targets = new Map(
    files.map((file) => [
      file,
      [...new Set(imports.filter((each) => each.file === file).map(({ target }) => target))],
    ]),
  );
  const reached = new Map(files.map((file) => [file, new Set(reachedFrom(file, targets).keys())]));
  const seen = new Set<string>();
  return files.flatMap((file) => {
    if (seen.has(file) || !reached.get(file)!.has(file)) return [];
    for (const other of reached.get(file)!) if (reached.get(other)?.has(file)) seen.add(other);
    const cameFrom = reachedFrom(file, targets);
    const circle = [file];
    for (let at = cameFrom.get(file)!; at !== file; at = cameFrom.get(at)!) circle.unshift(at);
    return [[file, ...circle]];
  });
}

/** What a file imports, directly or not, each with the file through which it is reached first. */
function reachedFrom(
  start: string,
  targets: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, string> {
  const cameFrom = new Map<string, string>();
  const open = [start];
  for (const file of open) {
    for (const target of targets.get(file) ?? []) {
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      open.push(target);
    }
  }
  return cameFrom;
}

const homeless = files.filter((file) => layerOf(file) < 0);
const problems = [
  ...homeless.map((file) => `harness/${file}: in no layer; give its folder one in scripts/boundaries.ts`),
  ...imports.flatMap((each) => {
    const why = homeless.includes(each.file) ? undefined : crossing(each);
    return why ? [`harness/${each.file} imports ${each.target}: ${why}`] : [];
  }),
  ...files.flatMap((file) => {
    const pure = PURE.get(folderOf(file));
    const found = pure && chain(file, pure.packages);
    return found && found.length > 2
      ? [`harness/${file} loads a package that it must not: ${found.join(' → ')}`]
      : [];
  }),
  ...circles().map((circle) => `files import each other in a circle: ${circle.join(' → ')}`),
];
for (const problem of problems) process.stdout.write(`${problem}\n`);
if (files.length === 0) process.stdout.write('harness/ holds no source file, so nothing was checked\n');
process.exitCode = problems.length > 0 || files.length === 0 ? 1 : 0;

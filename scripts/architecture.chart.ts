/** The flowchart of docs/architecture.md: the folders of harness/ and which of them imports which. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { files, harness, readImports } from './lib/imports.ts';

const root = path.dirname(import.meta.dirname);
const START = '<!-- chart: written by node scripts/start.mjs scripts/architecture.ts -->';
const END = '<!-- end of the chart -->';

/** The purpose of each folder of harness/, from the list in CONTRIBUTING.md. */
function purposes(): Map<string, string> {
  const text = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8');
  const lines = text.matchAll(/^ {2}(\w+)\/ +(.+)$/gm);
  return new Map([...lines].map(([, folder, purpose]) => [folder!, purpose!.trim()]));
}

/** The edges `from → to` between folders; type imports count. */
function edges(): Set<string> {
  const folderOf = (file: string): string => file.split('/')[0]!;
  const between = readImports().filter(({ file, target }) => file.includes('/') && files.includes(target));
  return new Set(
    between
      .map(({ file, target }) => [folderOf(file), folderOf(target)] as const)
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => `${from} --> ${to}`),
  );
}

/** @throws {Error} when CONTRIBUTING.md does not list exactly the folders of harness/ */
export function chart(): string {
  const folders = globSync('*/', { cwd: harness }).map((folder) => path.basename(folder));
  const listed = purposes();
  const wrong = [...folders, ...listed.keys()].filter(
    (folder) => !folders.includes(folder) || !listed.has(folder),
  );
  if (wrong.length > 0)
    throw new Error(`harness/ and the list in CONTRIBUTING.md differ: ${wrong.join(', ')}`);
  const nodes = [...listed].map(
    ([folder, purpose]) => `  ${folder}["<b>${folder}/</b><br/>${purpose.replaceAll('"', '&quot;')}"]`,
  );
  const arrows = [...edges()].sort().map((edge) => `  ${edge}`);
  return ['```mermaid', 'flowchart TB', ...nodes, ...arrows, '```'].join('\n');
}

/**
 * The page with a new chart between its markers.
 * @throws {Error} when a marker is missing
 */
export function withChart(page: string): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start)
    throw new Error(`docs/architecture.md needs the lines '${START}' and '${END}'`);
  return `${page.slice(0, start + START.length)}\n\n${chart()}\n\n${page.slice(end)}`;
}

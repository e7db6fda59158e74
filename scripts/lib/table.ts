/** Rewrites tables in documents, each between two comments. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const TABLE = /(<!-- table:[^\n]*-->\n\n)([\s\S]*?)(\n\n<!-- end of the table -->)/;

/** @throws {Error} when the document holds no such table */
export async function rewriteTable(
  document: string,
  rewrite: (table: string) => string | Promise<string>,
): Promise<void> {
  const text = await readFile(document, 'utf8');
  const table = TABLE.exec(text)?.[2];
  if (table === undefined) throw new Error(`${document} holds no table between its two comments`);
  const rewritten = await rewrite(table);
  await writeFile(
    document,
    text.replace(TABLE, (_, before, __, after) => before + rewritten + after),
  );
  // Formatted as the check of all files requires.
  const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  spawnSync(process.execPath, [biome, 'format', '--write', '--log-level=error', document], { cwd: root });
}

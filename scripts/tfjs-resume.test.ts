import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findScenarios, importScenario } from '../harness/run/scenario.ts';

const root = path.dirname(import.meta.dirname);

test('docs/tfjs-resume.md shows for each backend what each optimizer’s scenario expects', async () => {
  const text = await readFile(path.join(root, 'docs', 'tfjs-resume.md'), 'utf8');
  const rows = [...text.matchAll(/^\| \[(optimizer-[\w-]+)\][^|]* \| (.*) \|$/gm)];
  const shown = Object.fromEntries(
    rows.map(([, name, cells]) => [name!, new Set(cells!.split('|').map((cell) => cell.trim()))]),
  );
  const files = [...(await findScenarios(path.join(root, 'scenarios')))];
  const expected = await Promise.all(
    files
      .filter(([name]) => name.startsWith('optimizer-'))
      .map(async ([name, file]) => {
        const { expect = 'proven' } = await importScenario(file);
        return [name, new Set([expect === 'proven' ? '✓ proven' : `✗ \`${expect[0]}\``])];
      }),
  );
  expect(shown, 'run: node scripts/start.mjs scripts/tfjs-resume.ts wasm').toEqual(
    Object.fromEntries(expected),
  );
});

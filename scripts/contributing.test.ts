import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.dirname(import.meta.dirname);

describe('CONTRIBUTING.md', async () => {
  const text = await readFile(path.join(root, 'CONTRIBUTING.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
  const quoted = blocks.map(([, file, code]) => ({ file: file!, code: code! }));

  test('shows a whole rule, a whole scenario and a whole fault', () => {
    expect(text.match(/^```ts$/gm)).toHaveLength(quoted.length);
    expect(quoted.map(({ file }) => path.dirname(file))).toEqual([
      expect.stringMatching(/^harness\/judge\/rules\/\w+$/),
      'scenarios',
      expect.stringMatching(/^harness\/faults\/\w+$/),
    ]);
  });

  test.each(quoted)('quotes $file exactly', async ({ file, code }) => {
    expect(code, `${file} has changed: update its quote in CONTRIBUTING.md`).toBe(
      await readFile(path.join(root, file), 'utf8'),
    );
  });

  test('names only files that exist', async () => {
    const named = [...text.matchAll(/`((?:harness|scripts|scenarios|docs)\/[\w./-]+\.\w+)`/g)].map(
      ([, file]) => file!,
    );
    expect(named.length, 'the pattern finds them').toBeGreaterThan(3);
    for (const file of named) await readFile(path.join(root, file), 'utf8');
  });
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { chart, withChart } from './architecture.chart.ts';

const file = path.join(path.dirname(import.meta.dirname), 'docs', 'architecture.md');

test('the flowchart of docs/architecture.md shows the imports of harness/', () => {
  const page = readFileSync(file, 'utf8');
  expect(page, 'it is out of date; run: node scripts/start.mjs scripts/architecture.ts').toBe(
    withChart(page),
  );
});

test('the flowchart has the edges that the design needs', () => {
  const lines = chart()
    .split('\n')
    .map((line) => line.trim());
  expect(lines).toEqual(expect.arrayContaining(['cli --> run', 'run --> judge', 'judge --> trace']));
  expect(lines).not.toContain('judge --> training');
});

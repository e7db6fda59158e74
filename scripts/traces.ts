/** Writes the conformance suite of traces, and its table: node scripts/start.mjs scripts/traces.ts */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf, suite, withTable } from './traces/suite.ts';

const folder = path.join(path.dirname(import.meta.dirname), 'fixtures', 'traces');
const cases = suite();
for (const kind of ['good', 'bad']) rmSync(path.join(folder, kind), { recursive: true, force: true });
for (const one of cases) {
  const own = path.join(folder, one.folder);
  mkdirSync(own, { recursive: true });
  for (const [file, text] of Object.entries(filesOf(one))) writeFileSync(path.join(own, file), text);
}
const page = path.join(folder, 'README.md');
writeFileSync(page, withTable(readFileSync(page, 'utf8'), cases));

/** Writes the JSON Schemas of docs/ from the code: node scripts/start.mjs scripts/schemas.ts */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { matrixJsonSchema } from '../harness/report/matrix.ts';
import { verdictJsonSchema } from '../harness/report/write.ts';
import { traceJsonSchema } from '../harness/trace/schema.ts';

const root = path.dirname(import.meta.dirname);
const docs = path.join(root, 'docs');
const schemas = {
  'trace.schema.json': traceJsonSchema(),
  'verdict.schema.json': verdictJsonSchema(),
  'matrix.schema.json': matrixJsonSchema(),
};
mkdirSync(docs, { recursive: true });
const files = Object.entries(schemas).map(([name, schema]) => {
  const file = path.join(docs, name);
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  return file;
});
// Formatted as the check of all files requires.
const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const { status } = spawnSync(process.execPath, [biome, 'format', '--write', '--log-level=error', ...files], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

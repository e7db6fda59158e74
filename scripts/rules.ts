/**
 * Writes docs/rules.md, and the module from which `resumeproof explain` tells the same, from the rules, the causes and the
 * spoiled runs: node scripts/start.mjs scripts/rules.ts
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../harness/judge/causes/index.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import { CASES } from '../harness/judge/testing/cases.ts';
import { explanationsModule, rulesPage } from './lib/rules-page.ts';

const root = path.dirname(import.meta.dirname);
writeFileSync(path.join(root, 'docs', 'rules.md'), rulesPage(RULES, CASES, CAUSES));
const file = path.join(root, 'harness', 'judge', 'explanations.ts');
writeFileSync(file, explanationsModule(RULES, CASES));
const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const { status } = spawnSync(process.execPath, [biome, 'check', '--write', file], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.exitCode = status ?? 1;

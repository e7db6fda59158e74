/** Writes docs/rules.md from the rules, the causes and the spoiled runs: node scripts/start.mjs scripts/rules.ts */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../harness/judge/causes/index.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import { CASES } from '../harness/judge/testing/cases.ts';
import { rulesPage } from './lib/rules-page.ts';

const file = path.join(path.dirname(import.meta.dirname), 'docs', 'rules.md');
writeFileSync(file, rulesPage(RULES, CASES, CAUSES));

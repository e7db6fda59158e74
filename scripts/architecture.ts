/** Writes the flowchart of docs/architecture.md from the imports: node scripts/start.mjs scripts/architecture.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withChart } from './architecture.chart.ts';

const file = path.join(path.dirname(import.meta.dirname), 'docs', 'architecture.md');
writeFileSync(file, withChart(readFileSync(file, 'utf8')));

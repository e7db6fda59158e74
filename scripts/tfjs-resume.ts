/**
 * Runs every `optimizer-*` scenario on the named backends (default wasm) and writes the results into their
 * columns of the table in docs/tfjs-resume.md. Other columns stay as they are.
 *   node scripts/start.mjs scripts/tfjs-resume.ts [backend…]
 * Exits with 1 if a backend gave no verdicts; its column then stays as it is.
 */
import path from 'node:path';
import type { Gate, Verdict } from '../harness/judge/verdict.ts';
import { withGate } from './lib/gate.ts';
import { rewriteTable } from './lib/table.ts';

const root = path.dirname(import.meta.dirname);
const DOCUMENT = path.join(root, 'docs', 'tfjs-resume.md');
const DEVICE = 'device';
const MEASURE = 'judged by';

/** Cells by row and column; rows are in display order. */
type Cells = Map<string, Map<string, string>>;

function parse(table: string): Cells {
  const [head = [], , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const name = (cell: string): string => /^\[([^\]]+)\]/.exec(cell)?.[1] ?? cell;
  return new Map(
    rows.map(([first = '', ...cells]) => [
      name(first),
      new Map(cells.map((cell, at) => [head[at + 1]!, cell])),
    ]),
  );
}

function print(cells: Cells): string {
  const columns = [...new Set([...cells.values()].flatMap((row) => [...row.keys()]))];
  const first = (row: string): string =>
    row === DEVICE || row === MEASURE ? row : `[${row}](../scenarios/${row}.ts)`;
  const rows = [...cells].map(([row, own]) => [
    first(row),
    ...columns.map((column) => own.get(column) ?? '–'),
  ]);
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return [line(['scenario', ...columns]), line(['---', ...columns.map(() => '---')]), ...rows.map(line)].join(
    '\n',
  );
}

const found = ({ outcome, findings }: Verdict): string =>
  findings[0] === undefined ? `✓ ${outcome}` : `✗ \`${findings[0].rule}\``;

const column = (cells: Cells, row: string): Map<string, string> => {
  if (!cells.has(row)) cells.set(row, new Map());
  return cells.get(row)!;
};

/** Fills a column with the verdicts, whether they are as expected or not. */
function withColumn(table: string, backend: string, { verdicts }: Gate): string {
  const cells = parse(table);
  for (const verdict of verdicts) column(cells, verdict.scenario).set(backend, found(verdict));
  const { backend: device, noise } = verdicts.find(({ outcome }) => outcome === 'proven') ?? verdicts[0]!;
  column(cells, DEVICE).set(backend, device?.adapter ?? 'none');
  column(cells, MEASURE).set(backend, noise?.text ?? '–');
  // Rows of removed scenarios are dropped.
  const rows = [...verdicts.map(({ scenario }) => scenario).sort(), DEVICE, MEASURE];
  return print(new Map(rows.map((row) => [row, column(cells, row)])));
}

for (const backend of process.argv.length > 2 ? process.argv.slice(2) : ['wasm']) {
  try {
    const gate = await withGate(['optimizer-*', '--backend', backend], (run) => run.gate);
    await rewriteTable(DOCUMENT, (table) => withColumn(table, backend, gate));
    const lines = gate.verdicts.map(({ scenario, headline }) => `  ${scenario}: ${headline}\n`);
    process.stdout.write(`${backend}:\n${lines.join('')}`);
  } catch (error) {
    process.stderr.write(`${backend}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

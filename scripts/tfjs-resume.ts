/**
 * Runs every `optimizer-*` scenario on the backends named (wasm by default) and writes what was found into
 * their columns of the table in docs/tfjs-resume.md; the other columns stay.
 *   node scripts/start.mjs scripts/tfjs-resume.ts [backend…]
 * Exits with 1 where a backend gave no verdicts; its column is then as it was.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Gate, gateSchema, type Verdict } from '../harness/judge/verdict.ts';

const root = path.dirname(import.meta.dirname);
const DOCUMENT = path.join(root, 'docs', 'tfjs-resume.md');
const TABLE = /(<!-- table:[^\n]*-->\n\n)([\s\S]*?)(\n\n<!-- end of the table -->)/;
const DEVICE = 'device';
const MEASURE = 'judged by';

/** Cells by row and column; rows in the order in which they are shown. */
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

/** The gate's verdicts, as expected or not: the table shows what is. */
async function verdictsOn(backend: string): Promise<Gate> {
  const reports = await mkdtemp(path.join(tmpdir(), 'resumeproof-tfjs-'));
  const args = ['run', 'optimizer-*', '--backend', backend, '--reports', reports, '--json'];
  try {
    const output = await new Promise<string>((resolve, reject) => {
      const command = [path.join(root, 'scripts', 'start.mjs'), 'harness/cli/main.ts', ...args];
      execFile(process.execPath, command, { cwd: root, maxBuffer: 1e9 }, (error, stdout, stderr) => {
        if (stdout.startsWith('{')) resolve(stdout);
        else reject(new Error(stderr.trim().split('\n').at(-1) || error?.message || 'it printed nothing'));
      });
    });
    const { report: _, ...gate } = JSON.parse(output);
    return gateSchema.parse(gate);
  } finally {
    await rm(reports, { recursive: true });
  }
}

const text = await readFile(DOCUMENT, 'utf8');
const [, , table] = TABLE.exec(text) ?? [];
if (table === undefined) throw new Error(`${DOCUMENT} holds no table between its two comments`);
const cells = parse(table);
const [wanted, judged] = [process.argv.slice(2), new Set<string>()];
for (const backend of wanted.length > 0 ? wanted : ['wasm']) {
  try {
    const { verdicts } = await verdictsOn(backend);
    const column = (row: string): Map<string, string> => {
      if (!cells.has(row)) cells.set(row, new Map());
      return cells.get(row)!;
    };
    for (const verdict of verdicts) {
      judged.add(verdict.scenario);
      column(verdict.scenario).set(backend, found(verdict));
    }
    const { backend: device, noise } = verdicts.find(({ outcome }) => outcome === 'proven') ?? verdicts[0]!;
    column(DEVICE).set(backend, device?.adapter ?? 'none');
    column(MEASURE).set(backend, noise);
    process.stdout.write(
      `${backend}: ${verdicts.map(({ scenario, headline }) => `\n  ${scenario}: ${headline}`).join('')}\n`,
    );
  } catch (error) {
    process.stderr.write(`${backend}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
if (judged.size > 0) {
  // A scenario that is no more goes; what is said of the device comes last.
  const last = [DEVICE, MEASURE];
  const rows = [...[...judged].sort(), ...last].flatMap((row) => {
    const own = cells.get(row);
    return own === undefined ? [] : [[row, own] as const];
  });
  await writeFile(
    DOCUMENT,
    text.replace(TABLE, (_, before, __, after) => before + print(new Map(rows)) + after),
  );
}

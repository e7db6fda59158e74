/**
 * Runs the scenarios of fixtures/field-tests/, whose training code comes from tensorflow/tfjs-examples, and
 * writes the results into the table in docs/field-tests.md. The examples are not part of this repository.
 *   npm run field-tests -- [--examples DIR] [scenario…]
 * Each scenario runs on wasm, or on cpu if wasm lacks a kernel. Exits with 1 if a result is not as expected, with
 * 2 if the copy of the examples is missing or differs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Verdict } from '../harness/judge/verdict.ts';
import { withGate } from './lib/gate.ts';
import { rewriteTable } from './lib/table.ts';

const ORIGIN = 'https://github.com/tensorflow/tfjs-examples';
const COMMIT = '0521725666e4504948eed00fe372b92510cc74f9';

const root = path.dirname(import.meta.dirname);
const SCENARIOS = path.join('fixtures', 'field-tests');
const DOCUMENT = path.join(root, 'docs', 'field-tests.md');

/** Why the folder is not the required copy, and the commands that fix it. */
function problemWith(folder: string): string | undefined {
  const shown = path.relative('', folder) || '.';
  const get = `  git clone --filter=blob:none ${ORIGIN} ${shown}\n  git -C ${shown} checkout ${COMMIT}`;
  if (!existsSync(path.join(folder, '.git'))) {
    return `no copy of tensorflow/tfjs-examples in ${shown}; get one, or name its folder with --examples DIR:\n${get}`;
  }
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  const head = git('rev-parse', 'HEAD');
  if (head !== COMMIT) {
    return `${shown} is at commit ${head}, but the field tests need another:\n  git -C ${shown} checkout ${COMMIT}`;
  }
  const changed = git('diff', '--name-only', '--diff-filter=M', 'HEAD');
  return changed === ''
    ? undefined
    : `${changed.split('\n')[0]} in ${shown} differs from the published file: restore it with\n  git -C ${shown} checkout -- .`;
}

const verdictsOn = (backend: string, names: readonly string[], examples: string): Promise<Verdict[]> =>
  withGate([...names, '--scenarios', SCENARIOS, '--backend', backend], ({ gate }) => gate.verdicts, {
    RESUMEPROOF_EXAMPLES: examples,
  });

const linesOf = async (file: string): Promise<number> =>
  (await readFile(path.join(root, SCENARIOS, file), 'utf8')).trim().split('\n').length;

async function rowOf({ scenario, backend, outcome, headline, about }: Verdict): Promise<string> {
  const support = `support/${scenario.replace(/-own-save$/, '')}.ts`;
  const shared = existsSync(path.join(root, SCENARIOS, support)) ? ` + ${await linesOf(support)}` : '';
  const lines = `${await linesOf(`${scenario}.ts`)}${shared}`;
  const program = about.slice(0, about.indexOf(':'));
  const link = `[${scenario}](../${SCENARIOS.split(path.sep).join('/')}/${scenario}.ts)`;
  return `| ${link} | ${program} | ${lines} | ${backend?.name ?? '–'} | ${outcome === 'proven' ? '✓' : '✗'} ${outcome} | ${headline} |`;
}

async function withRows(table: string, verdicts: readonly Verdict[]): Promise<string> {
  const [head, rule, ...rows] = table.split('\n');
  const byName = new Map(rows.map((row) => [/^\| \[([^\]]+)\]/.exec(row)?.[1] ?? '', row]));
  for (const verdict of verdicts) byName.set(verdict.scenario, await rowOf(verdict));
  const kept = [...byName]
    .filter(([name]) => existsSync(path.join(root, SCENARIOS, `${name}.ts`)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [head, rule, ...kept.map(([, row]) => row)].join('\n');
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { examples: { type: 'string', default: path.join(root, '.cache', 'tfjs-examples') } },
  });
  const examples = path.resolve(values.examples);
  const problem = problemWith(examples);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return 2;
  }
  const all = readdirSync(path.join(root, SCENARIOS)).filter((file) => file.endsWith('.ts'));
  const names = positionals.length > 0 ? positionals : all.map((file) => path.basename(file, '.ts'));
  const onWasm = await verdictsOn('wasm', names, examples);
  const skipped = onWasm.filter(({ outcome }) => outcome === 'skipped').map(({ scenario }) => scenario);
  const onCpu = skipped.length === 0 ? [] : await verdictsOn('cpu', skipped, examples);
  const verdicts = [...onWasm.filter(({ outcome }) => outcome !== 'skipped'), ...onCpu];
  await rewriteTable(DOCUMENT, (table) => withRows(table, verdicts));
  for (const { scenario, asExpected, headline } of verdicts) {
    process.stdout.write(`${asExpected ? '✓' : '✗'} ${scenario}: ${headline}\n`);
  }
  return verdicts.every(({ asExpected }) => asExpected) ? 0 : 1;
}

process.exitCode = await main();

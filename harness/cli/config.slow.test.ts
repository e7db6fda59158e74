/** The config file sets options, the command line wins, and what is wrong in it is said in one line. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-config-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function folderWith(files: Record<string, string>): Promise<string> {
  count += 1;
  const folder = path.join(scratch, String(count));
  await mkdir(folder);
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

const scenarios = path.relative('/', path.join(fixtures, 'scenarios'));
const options = `{ scenarios: '/${scenarios}', backend: 'cpu', reports: 'out', jobs: 1, reporter: ['json', 'line=out/lines.txt'] }`;

test.each([
  [
    'resumeproof.config.ts',
    `import { defineConfig, type Config } from 'resumeproof';\nconst own: Config = ${options};\nexport default defineConfig(own);\n`,
  ],
  ['resumeproof.config.js', `export default ${options};\n`],
  ['resumeproof.config.json', JSON.stringify(new Function(`return ${options}`)())],
])('%s sets options, and the command line wins', async (name, text) => {
  const folder = await folderWith({ [name]: text });
  const { exitCode, stdout, stderr } = await resumeproof(folder, ['run', 'healthy']);
  expect(exitCode, stderr).toBe(0);
  const { report, ...gate } = JSON.parse(stdout);
  expect(gateSchema.parse(gate)).toMatchObject({ backend: 'cpu', verdicts: [{ scenario: 'healthy' }] });
  expect(path.relative(folder, report.html)).toMatch(/^out\/[^/]+-cpu\/index\.html$/);
  expect(await readFile(path.join(folder, 'out', 'lines.txt'), 'utf8')).toMatch(/^✓ healthy: proven/);
  if (!name.endsWith('json')) return;
  const asked = await resumeproof(folder, ['run', 'healthy', '--backend', 'wasm', '--reporter', 'line']);
  expect(asked.exitCode, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^✓ healthy: proven/);
  const other = await resumeproof(folder, ['show', '--no-open']);
  expect(other.stdout).toMatch(/^out\/[^/]+-wasm\/index\.html$/);
});

test('judge and exec write their reports into the folder that the file names', async () => {
  const folder = await folderWith({ 'resumeproof.config.json': '{ "reports": "proofs" }' });
  const traces = path.join(fixtures, 'traces', 'good');
  const [one] = (await readdir(traces)).sort();
  const judged = await resumeproof(folder, ['judge', path.join(traces, one!), '--json']);
  expect(path.relative(folder, JSON.parse(judged.stdout).report.html)).toMatch(
    /^proofs\/[^/]+-judge\/index\.html$/,
  );
  // The program records nothing, which its report says.
  const program = [process.execPath, '-e', '0', '{run}'];
  await resumeproof(folder, ['exec', '--steps', '4', '--resume-at', '2', '--', ...program]);
  expect(await readdir(path.join(folder, 'proofs'))).toContainEqual(expect.stringMatching(/-node$/));
  expect(await readdir(folder)).not.toContain('reports');
  const named = await resumeproof(folder, ['judge', path.join(traces, one!), '--report', 'own', '--json']);
  expect(path.relative(folder, JSON.parse(named.stdout).report.html)).toBe('own/index.html');
});

const JSON_NAME = 'resumeproof.config.json';
test.each<[string, Record<string, string>, string]>([
  [
    'an unknown key',
    { [JSON_NAME]: '{ "scenario": "x" }' },
    `${JSON_NAME}: unknown key 'scenario'; did you mean scenarios?`,
  ],
  [
    'a key in the spelling of the command line',
    { 'resumeproof.config.ts': 'export default { "require-gpu": true };' },
    "resumeproof.config.ts: unknown key 'require-gpu'; did you mean requireGpu?",
  ],
  [
    'a wrong type',
    { [JSON_NAME]: '{ "jobs": "many" }' },
    `${JSON_NAME}: jobs: Invalid input: expected number, received string`,
  ],
  [
    'an unknown backend',
    { [JSON_NAME]: '{ "backend": "wsam" }' },
    `${JSON_NAME}: backend: Invalid option: expected one of "auto"|"node-gpu"|"webgpu"|"wasm"|"cpu"; did you mean wasm?`,
  ],
  [
    'an unknown reporter',
    { [JSON_NAME]: '{ "reporter": "juint" }' },
    `${JSON_NAME}: reporter: expected list, line, json, junit, github, markdown, sarif; did you mean junit?`,
  ],
  [
    'no options at all',
    { [JSON_NAME]: '[]' },
    `${JSON_NAME}: expected an object of options, such as { backend: 'wasm' }`,
  ],
  [
    'two files',
    { [JSON_NAME]: '{}', 'resumeproof.config.js': '' },
    `there are two config files, resumeproof.config.js and ${JSON_NAME}: keep one`,
  ],
])('%s is said in one line', async (_, files, line) => {
  const { exitCode, stdout, stderr } = await resumeproof(await folderWith(files), ['run']);
  expect(stderr).toBe(`resumeproof: ${line}`);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});

test('a config file that exits does not end the command with success, and one that throws is shown', async () => {
  const exits = await resumeproof(await folderWith({ 'resumeproof.config.ts': 'process.exit(0);' }), [
    'list',
  ]);
  expect(exits.exitCode).toBe(2);
  expect(exits.stderr).toMatch(/cannot load config .*its process ended with exit code 0/);
  const folder = await folderWith({ 'resumeproof.config.ts': '\nthrow new Error("no");' });
  const throws = await resumeproof(folder, ['list']);
  expect(throws.stderr).toMatch(/cannot load config .*: no\n {2}resumeproof\.config\.ts:2:7\n/);
});

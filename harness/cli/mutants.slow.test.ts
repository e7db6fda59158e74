import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Matrix, matrixSchema } from '../judge/matrix/matrix.ts';
import { verdictSchema } from '../judge/verdict.ts';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-mutants-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const scenario = (folder: string, name: string): string => path.join(fixtures, folder, `${name}.ts`);
const mutants = (...args: string[]) => [
  'mutants',
  scenario('scenarios', 'healthy'),
  '--faults',
  path.join(fixtures, 'faults'),
  '--backend',
  'cpu',
  '--json',
  ...args,
];
const matrixOf = (stdout: string): Matrix & { report: { html: string; json: string } } => {
  const { report, ...matrix } = JSON.parse(stdout);
  return { ...matrixSchema.parse(matrix), report };
};

describe('on a healthy scenario and one that is not', () => {
  let exitCode: number;
  let matrix: ReturnType<typeof matrixOf>;
  beforeAll(async () => {
    const result = await resumeproof(scratch, mutants(scenario('broken-scenarios', 'throws'), '--all-apply'));
    exitCode = result.exitCode;
    matrix = matrixOf(result.stdout);
  });
  const cellOf = (fault: string) =>
    matrix.matrix.find((row) => row.fault.id === fault)?.cells.find((cell) => cell.scenario === 'healthy');

  test.each([
    ['weights-zeroed', { outcome: 'caught', headlineRight: true, rule: 'parameters-not-restored', steps: 0 }],
    // Only the checkpoint is wrong; the processes that resume from it are not.
    ['saves-zeros', { outcome: 'caught', headlineRight: true, rule: 'parameters-not-restored', steps: 0 }],
    ['weights-assigned-anew', { outcome: 'equivalent', rules: [], steps: null }],
    ['ema-zeroed', { outcome: 'not-applicable' }],
    [
      'batch-misnamed',
      { outcome: 'missed', rule: 'batches-differ', why: 'not refuted, but must be: restored' },
    ],
  ])('%s is classified correctly', (fault, cell) => {
    expect(cellOf(fault)).toMatchObject(cell);
  });

  test('nothing passes by default: missed, equivalent and inapplicable faults and false alarms are reported', () => {
    expect(exitCode).toBe(1);
    expect(matrix).toMatchObject({
      applicable: 4,
      faults: 3,
      caught: 2,
      headlineRight: 2,
      healthy: 2,
      falseAlarms: 1,
      medianSteps: 0,
      passed: false,
      cells: { judged: 3, caught: 2, missed: 1, equivalent: 1, notApplicable: 2, notRun: 4 },
    });
    expect(matrix.problem).toBe(
      'False alarm on throws; missed: batch-misnamed; without effect on any trace: weights-assigned-anew; ' +
        'applies to no scenario here: ema-zeroed.',
    );
  });

  test('only missed cells are kept, with their verdicts; the page shows every fault', async () => {
    const folder = path.dirname(matrix.report.json);
    const kept = cellOf('batch-misnamed')?.kept;
    expect(kept).toBe('healthy/faults/batch-misnamed');
    const verdict = verdictSchema.parse(
      JSON.parse(await readFile(path.join(folder, kept!, 'verdict.json'), 'utf8')),
    );
    expect(verdict.findings.map(({ rule }) => rule)).toContain('batches-differ');
    for (const { trace } of verdict.runs) await readFile(path.join(folder, kept!, trace));
    const left = async (within: string) => (await readdir(path.join(folder, within))).sort();
    expect(await left('healthy')).toEqual(['faults', 'healthy', 'verdict.json']);
    expect(await left('healthy/faults')).toEqual(['batch-misnamed']);
    const page = await readFile(matrix.report.html, 'utf8');
    for (const { fault } of matrix.matrix) expect(page).toContain(fault.breaks);
    expect(page).not.toContain('<script');
    // Each named rule links to its explanation.
    const rulesIn = (what: RegExp) => new Set([...page.matchAll(what)].map(([, id]) => id));
    expect(rulesIn(/href="#rule-([\w-]+)"/g)).toEqual(rulesIn(/id="rule-([\w-]+)"/g));
    expect(rulesIn(/id="rule-([\w-]+)"/g)).toContain('batches-differ');
    // Some rules are named only because they should have found something.
    expect(page).toContain('<h2>Rules named above</h2>');
  });
});

test('a run in which every fault is caught and correctly diagnosed passes; a sample tries each on one scenario', async () => {
  const again = path.join(scratch, 'again.ts');
  const healthy = JSON.stringify(scenario('scenarios', 'healthy'));
  const plan = '{ steps: 9, resumeAt: [3, 6] }';
  await writeFile(again, `import healthy from ${healthy};\nexport default { ...healthy, plan: ${plan} };\n`);
  const args = mutants(again, '--fault', 'weights-z*', 'saves-zeros', '--sample', '1');
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(0);
  const { passed, problem, sample, cells, matrix } = matrixOf(stdout);
  expect({ passed, problem, sample }).toEqual({ passed: true, problem: null, sample: 1 });
  expect(cells).toMatchObject({ judged: 2, caught: 2, headlineRight: 2, notRun: 2 });
  // The sample is spread over the scenarios.
  const drawn = matrix.map((row) => row.cells.find(({ outcome }) => outcome === 'caught')!);
  expect(new Set(drawn.map((cell) => cell.scenario))).toEqual(new Set(['healthy', 'again']));
  // The first resume settled the cell, so the second was not run.
  expect(drawn.map(({ resumes }) => resumes)).toEqual([1, 1]);
});

test('a fault that no scenario can show is a fact, and fails the run only if nothing else was tried', async () => {
  const others = await resumeproof(
    scratch,
    mutants('--fault', 'weights-zeroed', 'ema-zeroed', 'weights-assigned-anew'),
  );
  expect(others.exitCode, others.stderr).toBe(0);
  expect(matrixOf(others.stdout)).toMatchObject({
    passed: true,
    problem: null,
    applicable: 2,
    faults: 1,
    matrix: [{ standing: 'caught' }, { standing: 'inapplicable' }, { standing: 'equivalent' }],
  });
  const page = await readFile(matrixOf(others.stdout).report.html, 'utf8');
  expect(page).toContain(
    'Passed: 2 of 3 faults apply to these scenarios: 1 caught and correctly diagnosed, 1 without effect on any trace.',
  );
  for (const [fault, problem] of [
    ['ema-zeroed', 'Applies to no scenario here: ema-zeroed.'],
    ['weights-assigned-anew', 'Without effect on any trace: weights-assigned-anew.'],
  ] as const) {
    const alone = await resumeproof(scratch, mutants('--fault', fault));
    expect(alone.exitCode).toBe(1);
    expect(matrixOf(alone.stdout)).toMatchObject({ passed: false, problem });
  }
});

test('scenarios of one’s own: how many faults apply, why the others do not, and only those that apply decide', async () => {
  const folder = path.join(scratch, 'own');
  await mkdir(folder);
  const index = JSON.stringify(path.join(fixtures, '..', 'harness', 'index.ts'));
  const looped = `import { adamW, createLoop, defineScenario } from ${index};
import * as tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs-core'))};
export default defineScenario({
  about: 'Two weights',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks', 'samples', 'random'],
  trainer: (context) =>
    createLoop(context, {
      batch: 2,
      model: {
        shapes: new Map([['one', [4]], ['two', [2]]]),
        initialise: (_, size) => Float32Array.from({ length: size }, (_, at) => at + 1),
        examples: { size: 16, id: String },
        loss: ({ read }) => tf.add(tf.mean(tf.square(read('one'))), tf.mean(tf.square(read('two')))),
      },
      optimizers: [{
        name: 'main',
        groups: [{ name: 'all', owns: () => true, learningRate: 0.01 }],
        update: adamW(),
        schedule: () => 1,
      }],
    }),
});\n`;
  const healthy = JSON.stringify(scenario('scenarios', 'healthy'));
  const command = `{ about: 'A program', plan: { steps: 4, resumeAt: 2 }, command: { program: 'python', args: ['train.py', '{run}'] } }`;
  await writeFile(path.join(folder, 'looped.ts'), looped);
  await writeFile(path.join(folder, 'other.ts'), `export { default } from ${healthy};\n`);
  await writeFile(path.join(folder, 'program.ts'), `export default ${command};\n`);
  const faults = [
    'ema-lost',
    'ema-into-live',
    'scaler-stuck',
    'moments-zeroed',
    'weights-scaled',
    'data-same-shuffle',
  ];
  const args = ['mutants', '--scenarios', folder, '--backend', 'cpu', '--fault', ...faults];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stdout + stderr).toBe(0);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith('Passed: '));
  expect(lines.slice(at, at + 5)).toEqual([
    expect.stringMatching(
      /^Passed: 3 of 6 faults apply to these scenarios: 2 caught and correctly diagnosed, 1 without effect on any trace\./,
    ),
    '3 faults apply to none of them:',
    '  looped: has no EMA (2), has no loss scaler (1)',
    '  other: is no loop of createLoop (3)',
    'Left out: program, because faults cannot be put into a command.',
  ]);
  const strict = await resumeproof(scratch, [...args, '--all-apply', '--json']);
  expect(strict.exitCode).toBe(1);
  const matrix = matrixOf(strict.stdout);
  expect(matrix).toMatchObject({
    passed: false,
    problem:
      'Without effect on any trace: data-same-shuffle; applies to no scenario here: ema-lost, ema-into-live, scaler-stuck.',
    leftOut: [{ scenario: 'program', why: 'faults cannot be put into a command' }],
  });
  expect(matrix.matrix[0]!.cells.map(({ scenario, why }) => [scenario, why])).toEqual([
    ['looped', 'has no EMA'],
    ['other', 'is no loop of createLoop'],
  ]);
  const page = await readFile(matrix.report.html, 'utf8');
  expect(page).toContain('What does not apply <small>3 faults to no scenario here</small>');
  expect(page).toMatch(
    /<td>has no EMA<\/td><td><details><summary>2 faults<\/summary><a href="#fault-ema-lost">/,
  );
  expect(page).toContain('left out: faults cannot be put into a command');
});

test('a sample tries an equivalent fault on another scenario too, and counts that cell beforehand', async () => {
  const again = path.join(scratch, 'once-more.ts');
  await writeFile(again, `export { default } from ${JSON.stringify(scenario('scenarios', 'healthy'))};\n`);
  const args = mutants(again, '--fault', 'weights-assigned-anew', '--sample', '1');
  const { stdout, stderr } = await resumeproof(scratch, args);
  expect(matrixOf(stdout).cells).toMatchObject({ equivalent: 2, notRun: 0 });
  expect(stderr.match(/\d of \d cells/g)).toEqual(['1 of 2 cells', '2 of 2 cells']);
});

test('Ctrl-C keeps the finished cells', async () => {
  const running = resumeproof(scratch, mutants('--jobs', '1', '--reports', 'interrupted'));
  const child = running as unknown as { stderr: NodeJS.ReadableStream; kill(signal: string): boolean };
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      if (String(chunk).includes('1 of 4 cells')) resolve();
    });
  });
  child.kill('SIGINT');
  const { exitCode, stdout } = await running;
  expect(exitCode).toBe(130);
  const { problem, cells } = matrixOf(stdout);
  expect(problem).toMatch(/^Interrupted: the finished cells are kept/);
  expect(cells.judged + cells.equivalent).toBeGreaterThan(0);
  expect(cells.notRun).toBeGreaterThan(0);
});

/** A folder with a helper and faults that all zero the weights. Each fault overrides some of the other fields. */
async function zeroing(faults: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(scratch, 'zeroing-'));
  const zeroed = JSON.stringify(path.join(fixtures, 'faults', 'weights-zeroed.ts'));
  await writeFile(path.join(folder, '_zeroed.ts'), `export { default as zeroed } from ${zeroed};\n`);
  for (const [id, other] of Object.entries(faults)) {
    const text = `
      import { defineFault } from 'resumeproof';
      import { zeroed } from './_zeroed.ts';
      export default defineFault({ ...zeroed, ${other} });`;
    await writeFile(path.join(folder, `${id}.ts`), text);
  }
  return folder;
}

test('a fault that does not say whether it applies is missed, whatever it throws', async () => {
  const folder = await zeroing({
    'says-nothing': 'applies() {}',
    'throws-text': "applies() { throw 'not of this kind'; }",
  });
  const { exitCode, stdout, stderr } = await resumeproof(scratch, mutants('--faults', folder));
  expect(exitCode, stderr).toBe(1);
  const why = 'whether it applies is unknown: ';
  expect(matrixOf(stdout).matrix.map(({ cells }) => cells)).toMatchObject([
    [{ outcome: 'missed', why: `${why}the process gave no answer` }],
    [{ outcome: 'missed', why: `${why}not of this kind` }],
  ]);
});

test('a fault may have any name, even that of the healthy run’s folder, and a helper beside it is ignored', async () => {
  const folder = await zeroing({ healthy: '', 'next-one': '' });
  const { exitCode, stdout, stderr } = await resumeproof(scratch, mutants('--faults', folder, '--jobs', '1'));
  expect(exitCode, stderr).toBe(0);
  expect(matrixOf(stdout)).toMatchObject({ passed: true, caught: 2, headlineRight: 2 });
});

test.each([
  ['no.ts', 'export default 1;', 'no.ts: default export: '],
  ['helper.ts', 'export const parts = 1;', 'helper.ts: default export: missing; '],
  ['vague.ts', 'export default {};', 'vague.ts: breaks: '],
  [
    'named.ts',
    'export default { id: "other" };',
    "named.ts: id: remove it: a fault's id is its file's name; see defineFault",
  ],
  ['empty', '', 'no fault file (.ts, .js) in '],
])('%s is refused in one line', async (name, text, says) => {
  const folder = await mkdtemp(path.join(scratch, 'faults-'));
  await writeFile(path.join(folder, name), text);
  const { exitCode, stderr } = await resumeproof(scratch, mutants('--faults', folder));
  expect(exitCode).toBe(2);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(says);
});

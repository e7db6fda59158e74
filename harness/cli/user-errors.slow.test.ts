/** An error in a user's file is shown at its line, with the code around it, and without the harness's frames. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-user-errors-'));
  await writeFile(path.join(scratch, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(scratch, '_bad.ts'), 'export const a: number = 1;\n\nexport const b = (;\n');
  await writeFile(path.join(scratch, '_bad.js'), 'export const b = (;\n');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each<[string, string, string, string[]]>([
  [
    'throws below a call',
    'own.ts',
    'function load(path: string): string {\n  return (undefined as never)[path];\n}\n\nload("x");\nexport default {};\n',
    [
      'own.ts:2:30',
      '  1 | function load(path: string): string {',
      '> 2 |   return (undefined as never)[path];',
    ],
  ],
  [
    'has wrong TypeScript',
    'own.ts',
    'const steps: number = 3;\nexport default {\n  about: "x"\n  plan: { steps, resumeAt: 1 },\n};\n',
    [
      'own.ts:4:3',
      '  2 | export default {',
      '  3 |   about: "x"',
      '> 4 |   plan: { steps, resumeAt: 1 },',
      '    |   ^',
    ],
  ],
  [
    'has TypeScript that is more than types',
    'own.ts',
    'const steps: number = 3;\nenum Kind { A }\n',
    ['own.ts:2:1', '  1 | const steps: number = 3;', '> 2 | enum Kind { A }', '    | ^'],
  ],
  ['has TypeScript without an end', 'own.ts', 'export default {\n', ['own.ts:1', '> 1 | export default {']],
  ['has JavaScript without an end', 'own.js', 'export default {\n\n', ['own.js:3', '  1 | export default {']],
  [
    'has wrong JavaScript',
    'own.js',
    'export default {\n  about: "x"\n  plan: 1,\n};\n',
    ['own.js:3:3', '  1 | export default {', '  2 |   about: "x"', '> 3 |   plan: 1,', '    |   ^'],
  ],
  [
    'imports wrong TypeScript',
    'own.ts',
    'import "./_bad.ts";\n',
    ['_bad.ts:3:19', '  1 | export const a: number = 1;'],
  ],
  [
    'imports wrong JavaScript',
    'own.ts',
    'import "./_bad.js";\n',
    ['_bad.js:1:19', '> 1 | export const b = (;'],
  ],
  [
    'imports a name that is not there',
    'own.ts',
    '\nimport { nothing } from "node:fs";\n',
    ['own.ts:2:10', '  1 |', '> 2 | import { nothing } from "node:fs";'],
  ],
  ['imports no file', 'own.ts', 'import "./gone.ts";\n', ['own.ts:1:11', '> 1 | import "./gone.ts";']],
])('a file that %s', async (_, name, text, shown) => {
  await writeFile(path.join(scratch, name), text);
  const { exitCode, stderr } = await resumeproof(scratch, ['run', name, '--backend', 'cpu']);
  expect(exitCode).toBe(2);
  const [first, ...code] = stderr.split('\n');
  expect(first).toMatch(/^resumeproof: cannot load scenario .*own\.[jt]s: /);
  expect(code.slice(0, shown.length)).toEqual(shown.map((line) => `  ${line}`));
  expect(stderr).not.toMatch(/ at .*harness|node:internal/);
});

test('what a trainer throws is shown at its line, also below the frames of a library', async () => {
  const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
  const core = JSON.stringify(import.meta.resolve('@tensorflow/tfjs-core'));
  await writeFile(
    path.join(scratch, 'own.ts'),
    `import * as tf from ${core};
import healthy from ${healthy};

export default {
  ...healthy,
  trainer() {
    return tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]));
  },
};
`,
  );
  // The frames of a snapshot are the harness's too.
  const env = { CI: 'true', RESUMEPROOF_SNAPSHOTS: path.join(scratch, 'snapshots') };
  const { exitCode, stdout } = await resumeproof(scratch, ['run', 'own.ts', '--backend', 'cpu'], { env });
  expect(exitCode).toBe(1);
  expect(stdout).toContain(`inner shapes (3) and (2)`);
  expect(stdout).toContain(
    ['', 'own.ts:7:15', '  5 |   ...healthy,', '  6 |   trainer() {', '> 7 |     return tf.matMul(', '']
      .join('\n  ')
      .trimEnd(),
  );
});

test('what the harness throws in a call is shown at the call', async () => {
  const index = JSON.stringify(path.join(fixtures, '..', 'harness', 'index.ts'));
  const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
  await writeFile(
    path.join(scratch, 'own.ts'),
    `import { without } from ${index};
import healthy from ${healthy};

export default { ...healthy, trainer: () => without([], 'nothing') };
`,
  );
  const env = { CI: 'true', RESUMEPROOF_SNAPSHOTS: path.join(scratch, 'snapshots') };
  const { stdout } = await resumeproof(scratch, ['run', 'own.ts', '--backend', 'cpu'], { env });
  expect(stdout).toContain('\n  own.ts:4:45\n');
});

test('a second copy of TensorFlow.js, of which the harness sees nothing, is refused, and the version to install is named', async () => {
  const folder = path.join(scratch, 'two');
  const copy = path.join(folder, 'node_modules', '@tensorflow', 'tfjs-core');
  await mkdir(copy, { recursive: true });
  await writeFile(path.join(copy, 'package.json'), '{ "name": "@tensorflow/tfjs-core", "main": "core.js" }');
  await writeFile(path.join(copy, 'core.js'), 'exports.variable = () => {};\n');
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(folder, 'own.ts'), "import '@tensorflow/tfjs-core';\nexport default {};\n");
  const { exitCode, stderr } = await resumeproof(folder, ['run', 'own.ts', '--backend', 'cpu']);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /it imports another copy of @tensorflow\/tfjs-core \(.*core\.js\) than resumeproof: install @tensorflow\/tfjs-core@[\d.]+, so that there is one/,
  );
});

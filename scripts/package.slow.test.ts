import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gate, gateSchema } from '../harness/judge/verdict.ts';

const root = path.dirname(import.meta.dirname);
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const folders = [path.join(root, 'node_modules', '.bin'), process.env.PATH];
// The project's own Node is the first on the path: the package needs Node 22.18.
const env = {
  ...process.env,
  PATH: folders.join(path.delimiter),
  NODE_ENV: '',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  // In CI, Yarn refuses to write its lock.
  YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  YARN_ENABLE_TELEMETRY: '0',
};

/** Holds the packed package and the projects that install it. */
let folder: string;
let tarball: string;
/** The last project with packages installed. The next one takes them over, so that npm installs only what differs. */
let installed: string | undefined;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-package-'));
  run(root, 'npm', ['pack', '--pack-destination', folder]);
  [tarball = 'no tarball'] = globSync('*.tgz', { cwd: folder });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program and returns its stdout; throws with its whole output unless it exits with 0. */
function run(cwd: string, program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} in ${cwd}: exit code ${status}\n${stdout}\n${stderr}`);
  }
}

function install(project: string, ...packages: string[]): void {
  if (installed !== undefined)
    renameSync(path.join(installed, 'node_modules'), path.join(project, 'node_modules'));
  installed = project;
  run(project, 'npm', ['install', ...packages]);
}

/** The code blocks of a page that start with the path of a file in this folder, by file name. */
function examplesIn(page: string, folder = 'scenarios'): [file: string, code: string][] {
  const text = readFileSync(path.join(root, page), 'utf8');
  const block = /^```\w*\n(\/\/ ([\w-]+)\/([\w.-]+\.ts)\n[\s\S]*?)^```$/gm;
  return [...text.matchAll(block)]
    .filter(([, , within]) => within === folder)
    .map(([, code, , file]) => [file!, code!]);
}

/** How a project of TypeScript checks its types, apart from the files. */
const STRICT = [
  ...['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'],
  ...['--types', 'node', '--ignoreConfig'],
];

test('the examples of README and docs/scenarios.md are proven in an empty project with the packed package installed', () => {
  const first = examplesIn('README.md');
  expect(first.map(([file]) => file)).toEqual(['my-model.ts']);
  const others = examplesIn('docs/scenarios.md');
  expect(others.map(([file]) => file)).toEqual(['my-variables.ts', 'my-loop.ts']);
  const examples = new Map([...first, ...others]);
  for (const [file, code] of examples) {
    expect(code.trimEnd().split('\n').length, `lines of ${file}`).toBeLessThan(40);
  }

  const packed = run(folder, 'tar', ['-tzf', tarball]).split('\n');
  expect(packed.filter((file) => /\.test\.|\/testing\//.test(file))).toEqual([]);
  // `exec` starts it.
  const recorder = packed.filter((file) => file.startsWith('package/dist/recorders/'));
  expect(recorder).toContain('package/dist/recorders/python/src/resumeproof/bootstrap/sitecustomize.py');
  expect(recorder.filter((file) => !file.endsWith('.py'))).toEqual([]);

  const project = path.join(folder, 'project');
  mkdirSync(path.join(project, 'scenarios'), { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  for (const [file, code] of examples) writeFileSync(path.join(project, 'scenarios', file), code);
  // Any TypeScript project that reads files has Node's types.
  install(project, path.join(folder, tarball), '@types/node@22');

  const files = [...examples.keys()].map((file) => `scenarios/${file}`);
  run(project, 'node', [tsc, ...STRICT, ...files]);

  const output = run(project, 'npx', ['--no-install', 'resumeproof', 'run']);
  const written = (name: string) =>
    globSync(`**/${name}`, { cwd: project, exclude: (entry) => entry === 'node_modules' });
  const [verdictFile] = written('verdict.json');
  if (verdictFile === undefined) throw new Error(`no verdict.json was written:\n${output}`);
  const verdict = JSON.parse(readFileSync(path.join(project, verdictFile), 'utf8'));
  const outcomes = (verdict.verdicts ?? [verdict]).map((each: { outcome: string }) => each.outcome);
  expect(outcomes, output).toEqual(['proven', 'proven', 'proven']);
  expect(written('index.html'), 'the report').not.toEqual([]);
  const snapshots = globSync('node_modules/.cache/resumeproof/snapshots/*', { cwd: project });
  expect(snapshots).toEqual([expect.stringMatching(/\.blob$/)]);

  // Runs the example that judges traces, on a scenario that was resumed once. It must not load TensorFlow.js.
  const [trace] = written('my-loop/control/trace.jsonl');
  const prose = readFileSync(path.join(root, 'docs', 'trace.md'), 'utf8');
  const [, example] = /^```ts\n(import .*?)^```$/ms.exec(prose)!;
  const says = [
    "import { createRequire } from 'node:module';",
    'const loaded: string[] = Object.keys(createRequire(import.meta.url).cache);',
    "const tensorflow = loaded.some((file) => file.includes('@tensorflow'));",
    'process.stdout.write(JSON.stringify({ outcome, tensorflow }));',
  ];
  // Replaces the example's backend.
  const judging = example!.replace("'torch-cpu'", `'${verdict.backend}'`);
  writeFileSync(path.join(project, 'judge.ts'), [judging, ...says].join('\n'));
  run(project, 'node', [tsc, ...STRICT, 'judge.ts']);
  const runs = path.join(project, path.dirname(path.dirname(trace!)));
  const judged = run(runs, 'node', ['--no-warnings', path.join(project, 'judge.ts')]);
  expect(JSON.parse(judged)).toEqual({ outcome: 'proven', tensorflow: false });
});

describe('other package managers', () => {
  const own = (name: string): string => path.join(folder, 'managers', 'node_modules', '.bin', name);
  const model = () => new Map(examplesIn('README.md')).get('my-model.ts')!;

  /** A project that installs only the packed package, as its README says. */
  function projectOf(manager: string): string {
    const project = path.join(folder, manager);
    mkdirSync(path.join(project, 'scenarios'), { recursive: true });
    writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    writeFileSync(path.join(project, 'scenarios', 'my-model.ts'), model());
    return project;
  }

  const told = (output: string): string[][] =>
    (JSON.parse(output) as Gate).verdicts.map(({ outcome, replay }) => [
      outcome,
      replay.replace(/ run my-model .*/, ''),
    ]);
  const gate = ['resumeproof', 'run', '--backend', 'wasm', '--json'];
  const imported = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-layers@4.22.0'];

  beforeAll(() => {
    mkdirSync(path.join(folder, 'managers'));
    const packages = ['pnpm@10.34.9', '@yarnpkg/cli-dist@4.18.1'];
    run(folder, 'npm', ['install', '--prefix', path.join(folder, 'managers'), ...packages]);
  });

  test('pnpm: what a scenario imports is found, declared or not, and is the harness’s own copy', () => {
    const project = projectOf('pnpm');
    run(project, own('pnpm'), ['add', path.join(folder, tarball)]);
    expect(globSync('node_modules/@tensorflow', { cwd: project })).toEqual([]);
    expect(told(run(project, own('pnpm'), ['exec', ...gate]))).toEqual([['proven', 'pnpm exec resumeproof']]);
    const snapshots = globSync('node_modules/.cache/resumeproof/snapshots/*.blob', { cwd: project });
    expect(snapshots).toHaveLength(1);
    run(project, own('pnpm'), ['add', ...imported, '@types/node@22']);
    expect(told(run(project, own('pnpm'), ['exec', ...gate]))).toEqual([['proven', 'pnpm exec resumeproof']]);
    run(project, 'node', [tsc, ...STRICT, 'scenarios/my-model.ts']);
    expect(run(project, own('pnpm'), ['exec', 'resumeproof', 'init'])).not.toContain('.tgz');
  });

  test('Yarn Plug’n’Play: the same without node_modules, and processes start without a snapshot', () => {
    const project = projectOf('yarn');
    // Else Yarn takes a project above for its own.
    writeFileSync(path.join(project, 'yarn.lock'), '');
    run(project, own('yarn'), ['add', `resumeproof@file:${path.join(folder, tarball)}`]);
    expect(globSync('node_modules', { cwd: project })).toEqual([]);
    // What is no JavaScript, such as a recorder for Python, cannot be read from a zip.
    const recorder =
      'node_modules/resumeproof/dist/recorders/python/src/resumeproof/bootstrap/sitecustomize.py';
    expect(globSync(`.yarn/unplugged/resumeproof-*/${recorder}`, { cwd: project })).toHaveLength(1);
    expect(told(run(project, own('yarn'), gate))).toEqual([['proven', 'yarn resumeproof']]);
    expect(globSync('reports/*/index.html', { cwd: project })).toHaveLength(1);
    const doctor = run(project, own('yarn'), ['resumeproof', 'doctor']);
    expect(doctor).toMatch(/^Processes start without a snapshot, .*: NODE_OPTIONS has --require$/m);
    expect(doctor).toContain('node-gpu needs the package @tensorflow/tfjs-node-gpu');
    run(project, own('yarn'), ['add', ...imported]);
    expect(told(run(project, own('yarn'), gate))).toEqual([['proven', 'yarn resumeproof']]);
    expect(run(project, own('yarn'), ['resumeproof', 'init'])).not.toContain('.tgz');
  });
});

test('the tests of docs/testing.md pass with the packed package, and fail with a bug as it shows', () => {
  const tests = examplesIn('docs/testing.md', 'test');
  expect(tests.map(([file]) => file)).toEqual(['resume.test.ts', 'any-step.test.ts', 'resume.ts']);
  const loop = new Map(examplesIn('docs/scenarios.md')).get('my-loop.ts')!;
  const project = path.join(folder, 'tests');
  for (const name of ['scenarios', 'test']) mkdirSync(path.join(project, name), { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  writeFileSync(path.join(project, 'scenarios', 'my-loop.ts'), loop);
  for (const [file, code] of tests) writeFileSync(path.join(project, 'test', file), code);
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const runners = ['vitest', '@fast-check/vitest'].map((name) => `${name}@${devDependencies[name]}`);
  install(project, path.join(folder, tarball), '@types/node@22', ...runners);

  run(project, 'node', [tsc, ...STRICT, ...tests.map(([file]) => `test/${file}`)]);
  const misspelt = "import { expect } from 'vitest';\nimport 'resumeproof/vitest';\n";
  writeFileSync(path.join(project, 'typo.ts'), `${misspelt}expect('').toResume({ resumeAfter: 3 });\n`);
  expect(() => run(project, 'node', [tsc, ...STRICT, 'typo.ts'])).toThrow(/'resumeAfter' does not exist/);

  expect(run(project, 'npx', ['--no-install', 'vitest', 'run'])).toMatch(/Tests +2 passed/);
  expect(run(project, 'node', ['--test', 'test/resume.ts'])).toMatch(/pass 1/);
  expect(globSync('reports/*', { cwd: project })).toEqual([]);

  const broken = loop.replace('v: await velocity.array()', 'v: [[0], [0]]');
  writeFileSync(path.join(project, 'scenarios', 'my-loop.ts'), broken);
  const { status, output } = shell(project, 'npx --no-install vitest run test/resume.test.ts');
  expect(status, output).toBe(1);
  const page = readFileSync(path.join(root, 'docs', 'testing.md'), 'utf8');
  const [shown] = partsOf(page, /^```\n(Error: [\s\S]*?)^```$/m);
  const timeless = (text: string) => text.replaceAll(/reports\/[\dT-]+/g, 'reports/');
  expect(timeless(output)).toContain(timeless(shown!));
  expect(globSync('reports/*/index.html', { cwd: project })).toHaveLength(1);
});

/** What the workflow uploads, whether the gate passed or failed. */
const UPLOADS = ['index.html', 'junit.xml', 'verdict.json'];

interface Workflow {
  readonly commands: readonly string[];
  readonly uploads: readonly string[];
}

/**
 * Reads a workflow line by line, since no YAML parser is among the dependencies. Refuses what it would misread, and
 * options that change what a command does.
 */
function workflowOf(project: string): Workflow | undefined {
  const [file] = globSync('.github/workflows/*.yml', { cwd: project });
  if (file === undefined) return undefined;
  const text = readFileSync(path.join(project, file), 'utf8');
  expect(text, file).not.toMatch(/^ +(?:- )?(env|shell|working-directory|defaults|continue-on-error):/m);
  const values = (key: string) =>
    [...text.matchAll(new RegExp(`^ +(?:- )?${key}: (.+)$`, 'gm'))].map(([, value]) => value!);
  const [commands, uploads] = [values('run'), values('path')];
  for (const value of [...commands, ...uploads]) expect(value, file).not.toMatch(/^[|>'"{[]| #/);
  expect(commands.length, `commands of ${file}`).toBeGreaterThan(1);
  expect(uploads.length, `uploads of ${file}`).toBeGreaterThan(0);
  expect(values('if'), 'each upload also happens after a failure').toEqual(uploads.map(() => 'always()'));
  return { commands, uploads };
}

/** The names of the files that each `path:` of a workflow uploads, without the traces. */
function uploaded(project: string, workflow: Workflow | undefined): string[] {
  const patterns = (workflow?.uploads ?? []).map((upload) => upload.replace(/\/$/, '/**'));
  const found = patterns.map((pattern) =>
    globSync(pattern, { cwd: project }).map((file) => path.basename(file)),
  );
  for (const [at, names] of found.entries()) expect(names, patterns[at]).not.toEqual([]);
  return UPLOADS.filter((name) => found.flat().includes(name));
}

/** Runs a command line as a step of a workflow does. */
function shell(cwd: string, command: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', command], { cwd, env, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

/** Runs a gate and reads its verdict.json. */
function runGate(project: string, command: string): ReturnType<typeof shell> & Pick<Gate, 'verdicts'> {
  rmSync(path.join(project, 'reports'), { recursive: true, force: true });
  const ended = shell(project, command);
  const [file] = globSync('reports/*/verdict.json', { cwd: project });
  if (file === undefined) throw new Error(`no verdict.json was written:\n${ended.output}`);
  const { verdicts } = gateSchema.parse(JSON.parse(readFileSync(path.join(project, file), 'utf8')));
  return { ...ended, verdicts };
}

function partsOf(readme: string, pattern: RegExp): string[] {
  const found = pattern.exec(readme);
  if (found === null) throw new Error(`the README has nothing like ${pattern}:\n${readme}`);
  return found.slice(1);
}

/** Applies the diff of a README. Its first line names the file. Every other line has one character before the code. */
function applyDiff(project: string, readme: string): void {
  const [name, lines] = partsOf(readme, /^```diff\n--- (\S+)\n([\s\S]*?)^```$/m);
  const file = path.join(project, name!);
  const side = (other: string) =>
    lines!.replaceAll(/^(.)(.*\n)/gm, (_, mark, code) => (mark === other ? '' : code));
  const [before, after] = [side('+'), side('-')];
  const code = readFileSync(file, 'utf8');
  expect(code.split(before).length, `${name} contains once:\n${before}`).toBe(2);
  writeFileSync(
    file,
    code.replace(before, () => after),
  );
}

describe('the projects in examples/', () => {
  const examples = globSync('*/package.json', { cwd: path.join(root, 'examples') })
    .map(path.dirname)
    .sort();

  test('are linked in README, docs/scenarios.md and docs/ci.md', () => {
    const links = (page: string) => {
      const text = readFileSync(path.join(root, page), 'utf8');
      return [...text.matchAll(/\]\((?:\.\.\/)?examples\/([\w-]*)\/?\)/g)].map(([, name]) => name!).sort();
    };
    expect(links('README.md')).toEqual(['']);
    expect(links('docs/scenarios.md')).toEqual(['layers-model', 'own-loop']);
    expect(links('docs/ci.md')).toEqual(['ci-gate']);
    expect(examples).toEqual(['ci-gate', 'layers-model', 'own-loop']);
  });

  test.each(examples)('%s is proven, and refuted with the bug of its README', (name) => {
    const project = path.join(folder, 'examples', name);
    cpSync(path.join(root, 'examples', name), project, {
      recursive: true,
      filter: (file) => !/^(node_modules|reports|package-lock\.json|.*\.tgz)$/.test(path.basename(file)),
    });
    cpSync(path.join(folder, tarball), path.join(project, tarball));
    const readme = readFileSync(path.join(project, 'README.md'), 'utf8');
    const workflow = workflowOf(project);
    const scenarios = globSync('scenarios/*.ts', { cwd: project });
    for (const file of scenarios) {
      expect(readFileSync(path.join(project, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(60);
    }

    const manifest = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'));
    const packages = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(packages.resumeproof, `the packed file in examples/${name}/package.json`).toBe(`file:${tarball}`);
    // A workflow installs by itself, from the lock that the project's author committed.
    if (workflow) run(project, 'npm', ['install', '--package-lock-only']);
    else install(project);
    const commands = workflow?.commands ?? ['npm test'];
    for (const command of commands.slice(0, -1)) {
      const { status, output } = shell(project, command);
      expect(status, output).toBe(0);
    }
    const gate = commands.at(-1)!;
    run(project, 'node', [tsc, '-p', '.']);

    const healthy = runGate(project, gate);
    expect(healthy.verdicts, healthy.output).toHaveLength(scenarios.length);
    for (const verdict of healthy.verdicts) {
      expect(verdict, healthy.output).toMatchObject({ outcome: 'proven', caveats: [] });
    }
    expect(healthy.status, healthy.output).toBe(0);
    expect(uploaded(project, workflow)).toEqual(workflow ? UPLOADS : []);

    applyDiff(project, readme);
    const broken = runGate(project, gate);
    const [cause] = partsOf(readme, /The cause is \[`([\w-]+)`\]/);
    const [quote] = partsOf(readme, /^> (.+?)(?: …)?$/m);
    expect(broken.verdicts, broken.output).toMatchObject([
      { outcome: 'refuted', asExpected: false, cause, headline: expect.stringContaining(quote!) },
    ]);
    expect(broken.status, broken.output).toBe(1);
    expect(broken.output).toContain(quote);
    expect(uploaded(project, workflow)).toEqual(workflow ? UPLOADS : []);
    const [junit] = globSync('reports/*/junit.xml', { cwd: project });
    expect(readFileSync(path.join(project, junit!), 'utf8')).toContain(' failures="1"');
  });
});

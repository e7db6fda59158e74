import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = path.dirname(import.meta.dirname);

/** Runs a program and returns its stdout; throws with its whole output unless it exits with 0. */
function run(cwd: string, program: string, args: string[]): string {
  const folders = [path.join(root, 'node_modules', '.bin'), process.env.PATH];
  const env = { ...process.env, PATH: folders.join(path.delimiter), NODE_ENV: '' };
  try {
    return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} in ${cwd}: exit code ${status}\n${stdout}\n${stderr}`);
  }
}

/** The code blocks of a page that start with the path of a scenario, by file name. */
function examplesIn(page: string): [file: string, code: string][] {
  const text = readFileSync(path.join(root, page), 'utf8');
  const blocks = text.matchAll(/^```\w*\n(\/\/ scenarios\/([\w-]+\.ts)\n[\s\S]*?)^```$/gm);
  return [...blocks].map(([, code, file]) => [file!, code!]);
}

test('the examples of README and docs/scenarios.md are proven in an empty project with the packed package installed', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const first = examplesIn('README.md');
  expect(first.map(([file]) => file)).toEqual(['my-model.ts']);
  const others = examplesIn('docs/scenarios.md');
  expect(others.map(([file]) => file)).toEqual(['my-variables.ts', 'my-loop.ts']);
  const examples = new Map([...first, ...others]);
  for (const [file, code] of examples) {
    expect(code.trimEnd().split('\n').length, `lines of ${file}`).toBeLessThan(40);
  }

  run(root, 'npm', ['pack', '--pack-destination', folder]);
  const [tarball = 'no tarball'] = globSync('*.tgz', { cwd: folder });
  const packed = run(folder, 'tar', ['-tzf', tarball]).split('\n');
  expect(packed.filter((file) => /\.test\.|\/testing\//.test(file))).toEqual([]);

  const project = path.join(folder, 'project');
  mkdirSync(path.join(project, 'scenarios'), { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  for (const [file, code] of examples) writeFileSync(path.join(project, 'scenarios', file), code);
  // Any TypeScript project that reads files has Node's types.
  run(project, 'npm', ['install', path.join(folder, tarball), '@types/node@22']);

  const strict = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
  ];
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const files = [...examples.keys()].map((file) => `scenarios/${file}`);
  run(project, 'node', [tsc, ...strict, '--ignoreConfig', ...files]);

  const output = run(project, 'npx', ['--no-install', 'resumeproof', 'run']);
  const written = (name: string) =>
    globSync(`**/${name}`, { cwd: project, exclude: (entry) => entry === 'node_modules' });
  const [verdictFile] = written('verdict.json');
  if (verdictFile === undefined) throw new Error(`no verdict.json was written:\n${output}`);
  const verdict = JSON.parse(readFileSync(path.join(project, verdictFile), 'utf8'));
  const outcomes = (verdict.verdicts ?? [verdict]).map((each: { outcome: string }) => each.outcome);
  expect(outcomes, output).toEqual(['proven', 'proven', 'proven']);
  expect(written('index.html'), 'the report').not.toEqual([]);

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
  run(project, 'node', [tsc, ...strict, '--ignoreConfig', 'judge.ts']);
  const runs = path.join(project, path.dirname(path.dirname(trace!)));
  const judged = run(runs, 'node', ['--no-warnings', path.join(project, 'judge.ts')]);
  expect(JSON.parse(judged)).toEqual({ outcome: 'proven', tensorflow: false });
});

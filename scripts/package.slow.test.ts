import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = path.dirname(import.meta.dirname);

/** Runs to its end and returns what it wrote; throws with all of it unless it exits with 0. */
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

function exampleInReadme(): string {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const block = /^```\w*\n(\/\/ scenarios\/my-loop\.ts\n[\s\S]*?)^```$/m.exec(readme)?.[1];
  if (block === undefined)
    throw new Error('README.md has no code block that begins with // scenarios/my-loop.ts');
  return block;
}

test('README’s example is proven in an empty project that installs the packed package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const example = exampleInReadme();
  expect(example.trimEnd().split('\n').length, 'lines of the example').toBeLessThan(40);

  run(root, 'npm', ['pack', '--pack-destination', folder]);
  const [tarball = 'no tarball'] = globSync('*.tgz', { cwd: folder });
  const packed = run(folder, 'tar', ['-tzf', tarball]).split('\n');
  expect(packed.filter((file) => /\.test\.|\/testing\//.test(file))).toEqual([]);

  const project = path.join(folder, 'project');
  mkdirSync(path.join(project, 'scenarios'), { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  writeFileSync(path.join(project, 'scenarios', 'my-loop.ts'), example);
  // Types of Node, as any TypeScript project that reads files has them.
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
  run(project, 'node', [tsc, ...strict, '--ignoreConfig', 'scenarios/my-loop.ts']);

  const output = run(project, 'npx', ['--no-install', 'resumeproof', 'run']);
  const written = (name: string) =>
    globSync(`**/${name}`, { cwd: project, exclude: (entry) => entry === 'node_modules' });
  const [verdictFile] = written('verdict.json');
  if (verdictFile === undefined) throw new Error(`no verdict.json was written:\n${output}`);
  const verdict = JSON.parse(readFileSync(path.join(project, verdictFile), 'utf8'));
  const outcomes = (verdict.verdicts ?? [verdict]).map((each: { outcome: string }) => each.outcome);
  expect(outcomes, output).toEqual(['proven']);
  expect(written('index.html'), 'the report').not.toEqual([]);
});

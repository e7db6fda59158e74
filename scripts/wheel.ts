/**
 * Makes the Python wheel, with the recorder, the plugin for pytest and the command line:
 *   npm run wheel -- [--out DIR] [--python python3]
 * The command line brings its JavaScript packages, apart from TensorFlow.js: `exec`, `judge`, `list`, and `run` of
 * commands do not need it. Node comes from PyPI when the wheel is installed. The wheel is for the platform that makes
 * it, as sharp has native parts. `python` needs pip, and a registry that has hatchling.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nodeFileTrace } from '@vercel/nft';
import { licencesOf } from './lib/licences.ts';

const root = path.dirname(import.meta.dirname);
const recorder = path.join(root, 'recorders', 'python');

/** Files that are started as processes or found by folder, so no import leads to them. */
const ENTRIES = [
  'cli/main.js',
  'index.js',
  'judging.js',
  'run/inspect-process.js',
  'run/stripping.mjs',
  'processes/watchdog-process.js',
];
/** What only trainers in TypeScript need, and what a queue needs. */
const LEFT_OUT =
  /\/node_modules\/(@tensorflow|webgpu|bullmq|ioredis)\/|\/dist\/(faults|verify\/process|run\/child)/;
/** The native parts of sharp, of which npm installs those of this platform, and any other. */
const OF_SHARP = /^node_modules\/@img\/sharp-/;
const NATIVE = /\.(node|so|dylib|dll|exe|wasm)(\.|$)/;
/** The tags of the platforms that both sharp and the Node of PyPI are built for. */
const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'manylinux_2_28_x86_64',
  'linux-arm64': 'manylinux_2_28_aarch64',
  'darwin-x64': 'macosx_13_0_x86_64',
  'darwin-arm64': 'macosx_13_0_arm64',
  'win32-x64': 'win_amd64',
};

/** What the console script starts. */
const MAIN = `// Starts the command line, which keeps its caches where a user's are: pip would not remove them from here.
import { homedir } from 'node:os';
import path from 'node:path';

const command = process.argv[2];
if (['doctor', 'fuzz', 'mutants', 'worker'].includes(command)) {
  process.stderr.write(
    \`resumeproof: \${command} is for trainers on TensorFlow.js, which the Python package does not bring: use the npm package\\n\`,
  );
  process.exit(2);
}
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'resumeproof');
process.env.RESUMEPROOF_COMMAND ??= 'resumeproof';
process.env.NODE_COMPILE_CACHE ??= path.join(cache, 'compiled');
process.env.RESUMEPROOF_STRIPPED ??= path.join(cache, 'stripped');
// There is no TensorFlow.js to put into one.
process.env.RESUMEPROOF_SNAPSHOTS ??= '';
await import('./dist/cli/main.js');
`;
/** What scenarios import from `resumeproof`: those of commands need no more. */
const INDEX = `import { defineScenario as define } from './training/trainer.js';

export function defineScenario(scenario) {
  if (scenario.command === undefined)
    throw new Error('it has a trainer, which needs TensorFlow.js, and the Python package brings none: use the npm package');
  return define(scenario);
}
`;

/** States in one line why no wheel can be made. */
class WheelError extends Error {}

const say = (line: string): unknown => process.stderr.write(`wheel: ${line}\n`);

/** @returns the wheel's path */
async function makeWheel(out: string, python: string): Promise<string> {
  const version = sameVersion();
  const platform = platformTag();
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  // Within the repository, so that imports of packages resolve.
  const stage = mkdtempSync(path.join(root, '.cache', 'wheel-'));
  try {
    for (const name of ['pyproject.toml', 'platform_tag.py', 'README.md', 'src'])
      cpSync(path.join(recorder, name), path.join(stage, name), { recursive: true });
    cpSync(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
    await gatherCommandLine(path.join(stage, 'build'), path.join(stage, 'js'), version);
    say('packing …');
    const wheels = path.join(stage, 'wheels');
    const pip = ['-m', 'pip', 'wheel', '--quiet', '--disable-pip-version-check', '--no-deps'];
    const { status, error } = spawnSync(python, [...pip, '--wheel-dir', wheels, stage], {
      stdio: ['ignore', process.stderr.fd, 'inherit'],
      env: { ...process.env, RESUMEPROOF_WHEEL_PLATFORM: platform },
    });
    if (error !== undefined) throw new WheelError(`cannot start ${python}: ${error.message}`);
    const [name] = globSync('*.whl', { cwd: wheels });
    if (status !== 0 || name === undefined) throw new WheelError('pip could not make the wheel; see above');
    mkdirSync(out, { recursive: true });
    cpSync(path.join(wheels, name), path.join(out, name));
    return path.join(out, name);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function platformTag(): string {
  const libc = process.platform === 'linux' && !isGlibc() ? 'musl' : '';
  const platform = `${process.platform}${libc}-${process.arch}`;
  const tag = PLATFORMS[platform];
  if (tag === undefined)
    throw new WheelError(`no wheel is made on ${platform}; use one of ${Object.keys(PLATFORMS).join(', ')}`);
  return tag;
}

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

function sameVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const init = readFileSync(path.join(recorder, 'src', 'resumeproof', '__init__.py'), 'utf8');
  const python = /^__version__ = "(.*)"$/m.exec(init)?.[1];
  if (python !== version)
    throw new WheelError(`package.json has the version ${version}, but the recorder's is ${python}`);
  return version;
}

/** Builds the command line, and copies what it needs to `js`. */
async function gatherCommandLine(build: string, js: string, version: string): Promise<void> {
  say('building the command line …');
  const dist = path.join(build, 'dist');
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.ts'), dist], { stdio: ['ignore', 2, 2] });
  writeFileSync(path.join(dist, 'index.js'), INDEX);
  const recorders = globSync('recorders/**/*.py', { cwd: dist }).map((name) => path.join('dist', name));
  // The page's script is read by path.
  const client = globSync('report/client.*', { cwd: dist }).map((name) => path.join('dist', name));
  const names = new Map([...recorders, ...client].map((name) => [name, path.join(build, name)]));
  const entries = ENTRIES.map((name) => path.join(dist, name));
  // From the root of the file system: node_modules may be a link. Only imports are followed, not paths in texts.
  const { fileList } = await nodeFileTrace(entries, {
    base: '/',
    processCwd: root,
    analysis: { emitGlobs: false, computeFileReferences: false },
    ignore: (file) => LEFT_OUT.test(`/${file}`),
  });
  for (const file of fileList) {
    const within = path.relative(build, `/${file}`);
    const name = within.startsWith('dist') ? within : /node_modules\/.*/.exec(file)?.[0];
    if (name !== undefined) names.set(name, `/${file}`);
  }
  // sharp computes the names of these.
  const parts = globSync('node_modules/@img/sharp-*/**', { cwd: root, withFileTypes: true });
  for (const part of parts.filter((one) => one.isFile())) {
    const file = path.join(part.parentPath, part.name);
    names.set(path.relative(root, file), file);
  }
  const native = [...names.keys()].filter((name) => NATIVE.test(name));
  const other = native.find((name) => !OF_SHARP.test(name));
  if (other !== undefined) throw new WheelError(`${other} has native parts, which no wheel's tag tells of`);
  if (native.length === 0) throw new WheelError('the native parts of sharp are not installed: npm ci');
  for (const name of licencesOf(root, names.keys())) names.set(name, path.join(root, name));
  for (const [name, file] of names) cpSync(file, path.join(js, name), { dereference: true });
  const manifest = { name: 'resumeproof', version, license: 'MIT', type: 'module', private: true };
  writeFileSync(path.join(js, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(path.join(js, 'main.js'), MAIN);
}

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(recorder, 'dist') },
    python: { type: 'string', default: 'python3' },
  },
});
try {
  const wheel = await makeWheel(path.resolve(values.out), values.python);
  say(`${path.relative('', wheel)}: ${(statSync(wheel).size / 2 ** 20).toFixed(2)} MiB`);
} catch (error) {
  if (!(error instanceof WheelError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

/**
 * Installs @tensorflow/tfjs-node-gpu where its own install fails because its download host is unreachable. Takes
 * libtensorflow and the headers of its C API from TensorFlow's wheel and compiles the addon:
 *   npm run setup:node-gpu [-- --cuda]
 * Finished stages are skipped, and an interrupted stage leaves nothing half-finished: files are renamed into place
 * once complete. Writes to node_modules and to .cache/node-gpu, which can be deleted.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { oneLine } from '../../harness/backend/error.ts';
import { inspectBackend } from '../../harness/backend/inspect.ts';
import { lock, outsidePath, SetupError } from '../setup.mjs';

const root = path.dirname(path.dirname(import.meta.dirname));
const cache = path.join(root, '.cache', 'node-gpu');
const wheels = path.join(cache, 'wheels');
const temporary = path.join(cache, 'tmp');
const home = path.join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
const deps = path.join(home, 'deps');
/** The package looks for its addon here. Every Node since 15.12 has Node-API 8. */
const addon = path.join(home, 'lib', 'napi-v8', 'tfjs_binding.node');

const PACKAGE = '@tensorflow/tfjs-node-gpu@4.22.0';
/** The package's dependencies are resolved as of this day, so that every machine gets the same ones. */
const PACKAGES_BEFORE = '2026-06-01';
/** Selects the wheel. The pip of any Python can download it, because it is unpacked, not installed. */
const WHEEL = [
  '--platform=manylinux_2_17_x86_64',
  '--platform=manylinux2014_x86_64',
  '--platform=manylinux1_x86_64',
  '--python-version=3.11',
  '--implementation=cp',
  '--abi=cp311',
  '--abi=none',
];

/** A running program must end before this process does, or its writes would collide with the next run. */
const stop = new AbortController();
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    process.exitCode = exitCode;
    stop.abort();
  });
}

const say = (line: string): unknown => process.stderr.write(`setup:node-gpu: ${line}\n`);

/** Runs a program that must succeed; the error quotes its output. */
async function run(
  what: string,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const { failed, isCanceled, code, exitCode, signal, stderr, stdout } = await execa(program, args, {
    cwd: root,
    env,
    cancelSignal: stop.signal,
    reject: false,
    stdin: 'ignore',
    maxBuffer: 10_000_000,
  });
  if (isCanceled) throw new SetupError('stopped; the next run continues from here');
  if (!failed) return;
  if (code === 'ENOENT') throw new SetupError(`${what} needs ${program}, which is not on the path`);
  const said = `${stderr}\n${stdout}`.trim().split('\n');
  const words = said.find((line) => /error/i.test(line)) ?? said.at(-1) ?? '';
  throw new SetupError(
    `${what} failed: ${program} ended with ${signal ?? `code ${exitCode}`}: ${oneLine(words)}`,
  );
}

async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  return !(await execa(program, args, { reject: false, stdin: 'ignore' })).failed;
}

/** The first of these programs that runs. */
async function firstOf(programs: readonly string[], args: readonly string[]): Promise<string | undefined> {
  for (const program of programs) if (await succeeds(program, ...args)) return program;
  return undefined;
}

interface Tools {
  readonly python: string;
  readonly compiler: string;
}

/** Looks for every required tool before anything is downloaded. */
async function findTools(): Promise<Tools> {
  const { platform, arch } = process;
  const glibc = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
    .glibcVersionRuntime;
  if (platform !== 'linux' || arch !== 'x64' || glibc === undefined) {
    throw new SetupError(
      `this set-up needs Linux on x86-64 with glibc; this is ${platform} on ${arch}${platform === 'linux' && glibc === undefined ? ' without glibc' : ''}: use the package's own install, "npm install --no-save ${PACKAGE}"`,
    );
  }
  const python = await firstOf(['python3', 'python'], ['--version']);
  if (python === undefined) {
    throw new SetupError(
      'Python is missing; its pip downloads libtensorflow: apt-get install -y python3-pip',
    );
  }
  if (!(await succeeds(python, '-m', 'pip', '--version'))) {
    throw new SetupError(
      `${python} has no pip, which downloads libtensorflow: apt-get install -y python3-pip`,
    );
  }
  const named = process.env.CXX;
  const compiler = await firstOf(named === undefined ? ['g++', 'c++', 'clang++'] : [named], ['--version']);
  if (compiler === undefined) {
    throw new SetupError(
      named === undefined
        ? 'no C++ compiler found to build the addon: apt-get install -y g++'
        : `the C++ compiler in CXX, ${named}, does not run: unset CXX or name another`,
    );
  }
  return { python, compiler };
}

async function installPackage(): Promise<void> {
  const manifest = path.join(home, 'package.json');
  if (existsSync(manifest) && existsSync(path.join(root, 'node_modules', '@tensorflow', 'tfjs'))) return;
  say(`installing ${PACKAGE} without its download …`);
  // Without --save-prod, npm takes it for the optional peer that package.json names, and installs nothing.
  const flags = [
    '--no-save',
    '--save-prod',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const env = outsidePath(root, process.env);
  await run(
    'installing the package',
    'npm',
    ['install', ...flags, `--before=${PACKAGES_BEFORE}`, PACKAGE],
    env,
  );
}

interface Requirement {
  readonly name: string;
  readonly sha256: string;
}

function readRequirements(file: string): Requirement[] {
  return [...readFileSync(file, 'utf8').matchAll(/^([\w-]+)==\S+ --hash=sha256:([0-9a-f]{64})$/gm)].map(
    ([, name, sha256]) => ({ name: name!, sha256: sha256! }),
  );
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Returns the wheels with the pinned digests; downloads those that are missing. */
async function fetchWheels(python: string, file: string): Promise<string[]> {
  const wanted = readRequirements(file);
  const present = async (): Promise<Map<string, string>> => {
    const names = existsSync(wheels) ? readdirSync(wheels).filter((name) => name.endsWith('.whl')) : [];
    const entries = names.map(
      async (name) => [await sha256Of(path.join(wheels, name)), path.join(wheels, name)] as const,
    );
    return new Map(await Promise.all(entries));
  };
  let found = await present();
  const missing = wanted.filter(({ sha256 }) => !found.has(sha256));
  if (missing.length > 0) {
    say(`downloading ${missing.map(({ name }) => name).join(', ')} with pip …`);
    await mkdir(temporary, { recursive: true });
    await run(
      'downloading libtensorflow',
      python,
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--no-cache-dir',
        '--only-binary=:all:',
        '--require-hashes',
        ...WHEEL,
        '--dest',
        wheels,
        '--requirement',
        file,
      ],
      { TMPDIR: temporary },
    );
    found = await present();
  }
  return wanted.map(({ name, sha256 }) => {
    const wheel = found.get(sha256);
    if (wheel === undefined) throw new SetupError(`pip did not download the wheel of ${name} to ${wheels}`);
    return wheel;
  });
}

/** Identifies unpacked libraries by their pinned digests. */
const stampOf = (file: string): string =>
  `${readRequirements(file)
    .map(({ sha256 }) => sha256)
    .join('\n')}\n`;

async function layLibraries(python: string, requirements: string): Promise<void> {
  const stamp = path.join(deps, 'wheels.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === stampOf(requirements)) return;
  const files = await fetchWheels(python, requirements);
  say('unpacking libtensorflow …');
  const partial = `${deps}.partial`;
  await rm(partial, { recursive: true, force: true });
  await run('unpacking libtensorflow', python, [
    path.join(import.meta.dirname, 'unpack.py'),
    partial,
    ...files,
  ]);
  await writeFile(path.join(partial, 'wheels.sha256'), stampOf(requirements));
  await rm(deps, { recursive: true, force: true });
  await rename(partial, deps);
  // The addon was built with the headers that were replaced.
  await rm(addon, { force: true });
}

/** Builds like the package's binding.gyp, but links the C++ library, which includes the C API. */
async function buildAddon(compiler: string): Promise<void> {
  if (existsSync(addon)) return;
  say(`compiling the addon with ${compiler} …`);
  const binding = path.join(home, 'binding');
  const headers = path.join(root, 'node_modules', 'node-api-headers', 'include');
  const partial = `${addon}.partial`;
  await mkdir(path.dirname(addon), { recursive: true });
  await mkdir(temporary, { recursive: true });
  await run(
    'compiling the addon',
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
      ...['-I', headers, '-I', path.join(deps, 'include')],
      ...['-o', partial, path.join(binding, 'tfjs_backend.cc'), path.join(binding, 'tfjs_binding.cc')],
      ...['-L', path.join(deps, 'lib'), '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
      // Binds every symbol when loaded, so that a library that lacks one is refused at once.
      '-Wl,-z,now,-rpath,$ORIGIN/../../deps/lib',
    ],
    { TMPDIR: temporary },
  );
  await rename(partial, addon);
}

async function lay(requirements: string, { python, compiler }: Tools): Promise<void> {
  const release = await lock(path.join(root, '.cache', 'setup.lock'));
  try {
    await installPackage();
    await layLibraries(python, requirements);
    await buildAddon(compiler);
    await rm(temporary, { recursive: true, force: true });
  } finally {
    release();
  }
}

async function setUp(cuda: boolean): Promise<void> {
  const tools = await findTools();
  const requirements = path.join(import.meta.dirname, `requirements-${cuda ? 'cuda' : 'cpu'}.txt`);
  await lay(requirements, tools);
  let found = await inspectBackend('node-gpu');
  if (!found.usable) {
    say(`the installed node-gpu does not train (${found.problem}); reinstalling it …`);
    await rm(home, { recursive: true, force: true });
    await lay(requirements, tools);
    found = await inspectBackend('node-gpu');
  }
  if (!found.usable) throw new SetupError(`node-gpu is installed but does not train: ${found.problem}`);
  say(`node-gpu trains: ${found.device}${found.hardware ? '' : ', no GPU'}`);
  if (cuda && !found.hardware) {
    throw new SetupError('CUDA was requested, but libtensorflow found no CUDA device: see nvidia-smi');
  }
}

try {
  await setUp(parseArgs({ options: { cuda: { type: 'boolean', default: false } } }).values.cuda);
} catch (error) {
  if (!(error instanceof SetupError) && (error as { code?: string }).code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    throw error;
  say((error as Error).message);
  process.exitCode ??= 1;
}

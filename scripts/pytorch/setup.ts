/**
 * Makes a virtual environment of Python with torch and JAX, in which the recorders for them are tested:
 *   npm run setup:pytorch
 * Nothing is done if it is there already. Takes torch's wheels for the CPU, where they can be had; those of PyPI for Linux
 * bring CUDA, 3 GB. Writes to .cache/pytorch, which can be deleted.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { lock, SetupError } from '../setup.mjs';

const root = path.dirname(path.dirname(import.meta.dirname));
const home = path.join(root, '.cache', 'pytorch');
const python = path.join(home, 'bin', 'python');
const requirements = path.join(import.meta.dirname, 'requirements.txt');
const CPU_WHEELS = 'https://download.pytorch.org/whl/cpu';
/** The oldest Python that the pinned packages support. */
const OLDEST = 11;

const say = (line: string): unknown => process.stderr.write(`setup:pytorch: ${line}\n`);

/** The first Python on the path that is new enough. */
async function findPython(): Promise<string> {
  const asks = `import sys, venv; sys.exit(sys.version_info < (3, ${OLDEST}))`;
  for (const name of ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11']) {
    if (!(await execa(name, ['-c', asks], { reject: false, stdin: 'ignore' })).failed) return name;
  }
  throw new SetupError(
    `Python 3.${OLDEST} or newer with venv is missing: apt-get install -y python3 python3-venv`,
  );
}

/** Shows what the program writes, so that a long download is no silence. Returns whether it succeeded. */
async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  return !(await execa(program, args, { reject: false, stdio: ['ignore', process.stderr, 'inherit'] }))
    .failed;
}

async function install(): Promise<void> {
  const stamp = path.join(home, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const base = await findPython();
  await rm(home, { recursive: true, force: true });
  say(`making ${path.relative(root, home)} …`);
  if (!(await succeeds(base, '-m', 'venv', home)))
    throw new SetupError(`${base} cannot make a virtual environment: apt-get install -y python3-venv`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const torch = wanted.split('\n').filter((line) => /^torch(vision)?==/.test(line));
  if (
    process.platform === 'linux' &&
    !(await succeeds(python, ...pip, '--no-deps', '--index-url', CPU_WHEELS, ...torch))
  )
    say("the wheels for the CPU cannot be had; taking PyPI's, with CUDA");
  if (!(await succeeds(python, ...pip, '--requirement', requirements)))
    throw new SetupError('pip could not install the packages; see above');
  // Last, so that an installation that was interrupted starts again.
  await writeFile(stamp, wanted);
}

try {
  const release = await lock(path.join(root, '.cache', 'setup.lock'));
  try {
    await install();
  } finally {
    release();
  }
  const asks = "import torch, jax, optax; print(f'torch {torch.__version__} and jax {jax.__version__}')";
  const { failed, stdout, stderr } = await execa(python, ['-c', asks], { reject: false });
  if (failed)
    throw new SetupError(`the packages are installed, but cannot be imported: ${stderr.split('\n').at(-1)}`);
  say(`${stdout} are in ${path.relative(root, python)}`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

// Sets up the project if needed, then runs a command under the project's Node 22:
//   node scripts/start.mjs harness/cli/main.ts run
// Plain JavaScript without dependencies, because it runs before anything is installed, on Node 20 or newer.
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { absentParts } from './absent.mjs';
import { isNodeAtLeast, SetupError, setUp } from './setup.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules', '.bin');

/** Without it, Node strips all TypeScript files of their types each time. */
const stripping = pathToFileURL(path.join(root, 'harness', 'run', 'stripping.mjs')).href;

/**
 * The environment with the project's tools first on the path, whatever the platform calls that variable, and the
 * folder of the files stripped.
 */
function environment() {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const rest = (process.env[name] ?? '').split(path.delimiter).filter((folder) => folder !== bin);
  const stripped = path.join(root, 'node_modules', '.cache', 'resumeproof', 'stripped');
  return { RESUMEPROOF_STRIPPED: stripped, ...process.env, [name]: [bin, ...rest].join(path.delimiter) };
}

function projectNode() {
  const exe = process.platform === 'win32' ? 'node.exe' : 'node';
  const installed = path.join(root, 'node_modules', 'node', 'bin', exe);
  if (existsSync(installed)) return installed;
  if (isNodeAtLeast(22, 18)) return process.execPath;
  throw new SetupError(
    `Node 22 is missing from node_modules because npm did not run the install script of the package "node", and this is ${process.version}: run "npm rebuild node --ignore-scripts=false" in ${root}, or use Node 22.18 or newer.`,
  );
}

function hasTerminal() {
  try {
    openSync('/dev/tty', 'r');
    return true;
  } catch {
    return false;
  }
}

/** Runs the command in the caller's folder and ends with the same exit code or signal. */
function hand(node, args) {
  // A terminal sends Ctrl-C to both this process and its child, so passing it on would deliver it twice.
  // Without a terminal, the child gets its own process group, and this process passes each signal on once:
  // interrupts to the whole group, as a terminal does, other signals to the child only.
  const detached = process.platform !== 'win32' && !hasTerminal();
  const child = spawn(node, args, { stdio: 'inherit', env: environment(), detached });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    const interrupt = signal === 'SIGINT' || signal === 'SIGQUIT';
    process.on(signal, () => {
      if (!interrupt) child.kill(signal);
      else if (detached && child.exitCode === null && child.pid) process.kill(-child.pid, signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`resumeproof: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    if (process.platform !== 'win32') process.kill(process.pid, signal);
    // A signal that does not end this process, or not yet, must not look like success.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
  });
}

const [script, ...args] = process.argv.slice(2);
try {
  if (!isNodeAtLeast(20, 0)) {
    throw new SetupError(
      `setting up this project needs Node 20 or newer, and this is ${process.version}: get it from https://nodejs.org (the project then installs its own Node 22).`,
    );
  }
  const installed = await setUp(root);
  if (installed || process.env.CI === 'true') {
    for (const line of absentParts(root)) process.stderr.write(`${line}\n`);
  }
  const node = projectNode();
  // The script's path is relative to the project's root, so that the same command works in any folder.
  if (script !== undefined)
    hand(node, [
      `--import=${stripping}`,
      script.startsWith('-') ? script : path.resolve(root, script),
      ...args,
    ]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`resumeproof: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

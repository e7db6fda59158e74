// Keeps node_modules in sync with package-lock.json, even with concurrent or interrupted runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** An error that is reported in one line. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function isNodeAtLeast(major, minor) {
  const [ours = 0, oursMinor = 0] = process.versions.node.split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/** Installs what package-lock.json names unless it is installed already; returns whether it installed. */
export async function setUp(root) {
  const stamp = path.join(root, 'node_modules', '.resumeproof-setup');
  if (isCurrent(root, stamp)) return false;
  refuseLink(root);
  const release = await lock(path.join(root, '.cache', 'setup.lock'));
  try {
    // Another process may have installed while this one waited.
    if (isCurrent(root, stamp)) return false;
    const wanted = digest(root);
    // Deleted first, so that an interruption cannot leave it in a partial installation.
    rmSync(stamp, { force: true });
    await npmCi(root);
    writeStamp(stamp, wanted);
    return true;
  } finally {
    release();
  }
}

/** npm would empty the folder that the link leads to, which may be another project's. */
function refuseLink(root) {
  const modules = path.join(root, 'node_modules');
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new SetupError(
      `node_modules is a link to ${readlinkSync(modules)}, which does not hold what package-lock.json names, and npm would empty that folder: remove the link, then run this again.`,
    );
}

function digest(root) {
  const file = path.join(root, 'package-lock.json');
  if (!existsSync(file)) {
    throw new SetupError(`${file} is missing, and it lists what to install: restore it with git.`);
  }
  // Packages contain binaries, so an installation is not current on another platform.
  return `${createHash('sha256').update(readFileSync(file)).digest('hex')} ${process.platform}-${process.arch}\n`;
}

function writeStamp(stamp, content) {
  writeFileSync(`${stamp}.${process.pid}`, content);
  renameSync(`${stamp}.${process.pid}`, stamp);
}

function isCurrent(root, stamp) {
  const wanted = digest(root);
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === wanted;
  if (!matchesLockfile(root)) return false;
  writeStamp(stamp, wanted);
  return true;
}

/** True if npm itself completed the installation: it writes its own record last. */
function matchesLockfile(root) {
  try {
    const read = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
    const locked = read('package-lock.json');
    const present = read('node_modules/.package-lock.json');
    const { '': _project, ...wanted } = locked;
    return (
      Object.entries(present).every(([name, entry]) => locked[name]?.version === entry.version) &&
      Object.entries(wanted).every(
        ([name, entry]) => name in present || entry.optional || entry.devOptional,
      ) &&
      Object.keys(present).every((name) => existsSync(path.join(root, name)))
    );
  } catch {
    return false;
  }
}

/**
 * Waits for the lock file, takes it, and returns a function that releases it. The holder touches the file every
 * second, because process ids are meaningless between containers that share this folder.
 */
export async function lock(file) {
  mkdirSync(path.dirname(file), { recursive: true });
  for (let told = false; ; await sleep(200)) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new SetupError(`cannot write ${file}: ${error.message}`);
    }
    if (age(file) > 10_000) removeStale(file);
    else if (!told) {
      told = true;
      process.stderr.write('resumeproof: another process is installing packages; waiting for it …\n');
    }
  }
  const pulse = setInterval(() => {
    const now = new Date();
    if (existsSync(file)) utimesSync(file, now, now);
  }, 1000);
  return () => {
    clearInterval(pulse);
    rmSync(file, { force: true });
  };
}

function age(file) {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** If several processes see a stale lock, only one renames it; a process that renamed a fresh lock puts it back. */
function removeStale(file) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (age(aside) > 10_000) rmSync(aside);
    else renameSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw new SetupError(`cannot remove the stale ${file}: ${error.message}`);
  }
}

/** Removes this project's programs from the path: npm must not run under the Node that it may delete. */
export function outsidePath(root, environment) {
  const name = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = (environment[name] ?? '').split(path.delimiter);
  const outside = folders.filter((folder) => !folder.startsWith(path.join(root, 'node_modules')));
  return { ...environment, [name]: outside.join(path.delimiter) };
}

function npmCi(root) {
  const child = spawn('npm', ['ci', '--include=dev', '--loglevel=error'], {
    cwd: root,
    env: outsidePath(root, process.env),
    // stdout carries only the output of the command.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  let stopped;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      stopped = signal;
      child.kill(signal);
    });
  }
  process.stderr.write('resumeproof: installing packages (npm ci) …\n');
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new SetupError(`cannot run npm (${error.code}): install it with Node, then run this again.`)),
    );
    child.on('exit', (code, signal) => {
      for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(each);
      const by = stopped ?? signal;
      if (by) {
        const exitCode = 128 + constants.signals[by];
        reject(new SetupError(`the installation was stopped by ${by}; the next run restarts it.`, exitCode));
      } else if (code !== 0) {
        reject(new SetupError(`npm ci failed with exit code ${code}, see above; the next run tries again.`));
      } else resolve();
    });
  });
}

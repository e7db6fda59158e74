/**
 * A V8 start-up snapshot of what every process of a scenario loads: TensorFlow.js and the harness. It takes most of the
 * time away that a short process needs besides its training. It is made when it is first needed, per version of Node,
 * harness and packages, and kept beside the other caches.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { digestOf } from '../../bundle/kept-bundle.ts';
import { CACHES } from '../caches.ts';
import { asError } from '../failure.ts';
import { NoSnapshot } from './no-snapshot.ts';
import { currentProgram, type Program } from './program-file.ts';

const BOOT = path.join(import.meta.dirname, 'boot.cjs');
const CPU = '@tensorflow/tfjs-backend-cpu';
/** In the snapshot as they are on the disk. */
const PACKAGES = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-wasm', CPU];
/** The package that the cpu backend requires. */
const RANDOM = 'seedrandom';
/** What a snapshot does in a process that only shows that it works; see program.ts. */
const TRIAL = 'trial';
const MAKING_MS = 120_000;
/** Options in NODE_OPTIONS that mean the same to a process that is started from a snapshot. */
const HARMLESS = /^--(max-old-space-size|max-semi-space-size)=\d+$|^--(no-warnings|no-deprecation)$/;
/** Snapshots of other versions that are kept, and how long one is kept in any case. */
const KEPT = 3;
const KEPT_MS = 3_600_000;

export type Snapshot =
  | { readonly file: string; readonly bytes: number }
  /** Why there is none. */
  | { readonly problem: string };

interface Checked {
  readonly snapshot: Snapshot;
  /** Tells whether the file was changed since its digest was checked. */
  readonly mark: string;
}

/** The snapshot for processes that this one starts. Never rejects. */
export const currentSnapshot = snapshotsIn(CACHES.RESUMEPROOF_SNAPSHOTS);

/**
 * Keeps snapshots in this folder. What is returned finds the one of this Node, harness and packages. It makes it if
 * there is none, and again if it was damaged: a damaged one can crash Node. It never rejects.
 */
export function snapshotsIn(folder: string | undefined): () => Promise<Snapshot> {
  let checked: Promise<Checked> | undefined;
  return async () => {
    const before = checked;
    if (before !== undefined) {
      const { snapshot, mark } = await before;
      if ('problem' in snapshot || markOf(snapshot.file) === mark) return snapshot;
    }
    if (checked === before) checked = check(folder);
    return (await checked!).snapshot;
  };
}

async function check(folder: string | undefined): Promise<Checked> {
  try {
    if (!folder) throw new NoSnapshot('there is no folder to keep it in');
    const options = (process.env.NODE_OPTIONS ?? '').split(/\s+/);
    const other = options.find((option) => option !== '' && !HARMLESS.test(option));
    if (other !== undefined) throw new NoSnapshot(`NODE_OPTIONS has ${other}`);
    const { resolve } = createRequire(import.meta.url);
    const packages = Object.fromEntries(PACKAGES.map((name) => [name, resolve(name)]));
    const program = await currentProgram(folder);
    const files = filesOf(packages);
    const key = keyOf(program, files);
    const file = found(folder, key) ?? (await make(folder, key, program, packages, files));
    return { snapshot: { file, bytes: statSync(file).size }, mark: markOf(file) };
  } catch (error) {
    return { snapshot: { problem: asError(error).message.split('\n')[0]! }, mark: '' };
  }
}

/** What is loaded into the snapshot beside the program. */
function filesOf(packages: Readonly<Record<string, string>>): string[] {
  const random = path.dirname(createRequire(packages[CPU]!).resolve(RANDOM));
  const required = readdirSync(random, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(random, name));
  return [BOOT, ...Object.values(packages), ...required.sort()];
}

/** Names the snapshot of this Node, harness and packages. */
function keyOf({ harness, digest }: Program, files: readonly string[]): string {
  const own = [process.version, process.arch, process.platform, process.execPath, markOf(process.execPath)];
  const contents = files.flatMap((file) => [file, digestOf(readFileSync(file))]);
  return digestOf([...own, harness, digest, ...contents].join('\0')).slice(0, 32);
}

/** Empty if there is no file. */
function markOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join();
}

/** A snapshot's name has the digest of its content, so that it is whole if they agree. A damaged one is deleted. */
function found(folder: string, key: string): string | undefined {
  for (const { name, file } of blobsIn(folder)) {
    if (!name.startsWith(`${key}-`)) continue;
    if (name === nameOf(key, readFileSync(file))) {
      tellUse(file);
      return file;
    }
    rmSync(file, { force: true });
  }
  return undefined;
}

/** For those who look for snapshots that nobody uses. */
function tellUse(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // A folder that is read-only keeps what it has.
  }
}

const nameOf = (key: string, content: Buffer): string => `${key}-${digestOf(content)}.blob`;

async function make(
  folder: string,
  key: string,
  { harness, file: program }: Program,
  packages: Readonly<Record<string, string>>,
  files: readonly string[],
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const half = path.join(folder, `${key}.${process.pid}.half.blob`);
  try {
    await runNode(half, '--build-snapshot', BOOT, JSON.stringify({ harness, program, packages, files }));
    await runNode(half, TRIAL);
    const file = path.join(folder, nameOf(key, readFileSync(half)));
    // Other processes may make the same, and none may find half of it.
    renameSync(half, file);
    forgetOld(folder, file);
    return file;
  } finally {
    rmSync(half, { force: true });
  }
}

const runNode = async (blob: string, ...args: readonly string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, ['--no-warnings', '--snapshot-blob', blob, ...args], {
    timeout: MAKING_MS,
  });

function blobsIn(folder: string): { name: string; file: string }[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.blob'));
    return names.map((name) => ({ name, file: path.join(folder, name) }));
  } catch {
    return [];
  }
}

/** Deletes those that were not used for long: each has about 12 MB, and there is another for each version. */
function forgetOld(folder: string, current: string): void {
  const used = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const others = blobsIn(folder)
    .filter(({ file }) => file !== current)
    .map(({ file }) => ({ file, at: used(file) }))
    .sort((a, b) => b.at - a.at);
  for (const { file, at } of others.slice(KEPT)) if (Date.now() - at > KEPT_MS) rmSync(file, { force: true });
}

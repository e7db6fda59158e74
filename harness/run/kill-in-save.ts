/** Kills this process in the middle of a save, before an operation on files that is told by its number. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...args: unknown[]) => unknown;

/** What changes files by itself, of `node:fs`, of its promises and of an open file. */
const CHANGING = [
  'appendFile',
  'copyFile',
  'cp',
  'fdatasync',
  'fsync',
  'ftruncate',
  'link',
  'mkdir',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'write',
  'writev',
];
const OF_A_HANDLE = ['appendFile', 'datasync', 'sync', 'truncate', 'write', 'writeFile', 'writev'];

/** A process is killed only once, so what is wrapped stays wrapped. */
export interface KillInSave {
  /**
   * Runs a save and kills this process before the operation of that number, counted from 1. To write a whole file is two
   * operations: the file is made empty, then it is written. A save with fewer operations is killed once it has resolved.
   * @throws what the save throws before that
   */
  killedAt(operation: number, save: () => Promise<void>): Promise<never>;
}

/** Must be called before a trainer is imported, which may keep the functions that it finds. */
export async function killInSave(): Promise<KillInSave> {
  let left = Number.POSITIVE_INFINITY;
  const operates = (): void => {
    left -= 1;
    if (left === 0) die();
  };
  const { writeFileSync } = fs;
  /** Node does some operations by others, which are no operations of the save. */
  const within = new AsyncLocalStorage<boolean>();
  const wrap = (of: object, name: string, before: (...args: unknown[]) => void): void => {
    const own = of as Record<string, Call | undefined>;
    const call = own[name];
    if (call === undefined) return;
    own[name] = function (this: unknown, ...args: unknown[]) {
      if (within.getStore() === true) return call.apply(this, args);
      before(...args);
      const outside = args.map((arg) => (isFunction(arg) ? AsyncResource.bind(arg) : arg));
      return within.run(true, () => call.apply(this, outside));
    };
  };
  const writesFile = (file: unknown, _data: unknown, options: unknown): void => {
    operates();
    const isPath = typeof file === 'string' || file instanceof URL || Buffer.isBuffer(file);
    if (left === 1 && isPath && startsEmpty(options)) writeFileSync(file, '');
    operates();
  };
  for (const name of CHANGING) {
    wrap(fs, name, operates);
    wrap(fs, `${name}Sync`, operates);
    wrap(promises, name, operates);
  }
  for (const [of, name] of [
    [fs, 'writeFile'],
    [fs, 'writeFileSync'],
    [promises, 'writeFile'],
  ] as const)
    wrap(of, name, writesFile);
  const opens = (_file: unknown, flags: unknown): void => {
    if (writes(flags)) operates();
  };
  for (const name of ['open', 'openSync']) wrap(fs, name, opens);
  wrap(promises, 'open', opens);
  const handle = await promises.open(process.execPath);
  const files = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  for (const name of OF_A_HANDLE) wrap(files, name, operates);
  syncBuiltinESMExports();
  return {
    async killedAt(operation, save) {
      left = operation;
      await save();
      return die();
    },
  };
}

const isFunction = (value: unknown): value is (this: unknown) => unknown => typeof value === 'function';

const WRITING = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;

const writes = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & WRITING) !== 0 : typeof flags === 'string' && /[wa+]/.test(flags);

function startsEmpty(options: unknown): boolean {
  const { flag = 'w' } = typeof options === 'object' ? ((options ?? {}) as { flag?: unknown }) : {};
  return typeof flag === 'string' && flag.startsWith('w');
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment, in which nothing else may happen.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error('this process was killed');
}

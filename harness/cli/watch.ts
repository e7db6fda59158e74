/** `--watch`: runs scenarios again when a file that they are made of changes. */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import path from 'node:path';
import { EXIT, fail, say } from './exit.ts';

/** What a run of scenarios tells of what it was made of. */
export interface Ran {
  readonly code: number;
  /** The paths of the modules that its scenarios import. */
  readonly imports: readonly string[];
  /** The names of scenarios with a command: what that imports is not known. */
  readonly commands: readonly string[];
}

export interface WatchOptions {
  /** The scenario files by name, as they are now. */
  readonly select: () => Promise<ReadonlyMap<string, string>>;
  readonly run: (files: ReadonlyMap<string, string>) => Promise<Ran>;
  /** Folders in which nothing is watched, such as that of the reports. */
  readonly without: readonly string[];
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** An editor writes a file in several steps. */
const SETTLES_MS = 150;
const MOST_FOLDERS = 500;
/** Not JSON, which programs also write. */
const CODE = /\.(?:[cm]?[jt]s|py|sh|ya?ml|toml|cfg|ini)$/;

/** Runs until q is pressed, or Ctrl-C; returns the exit code of the last run. */
export async function watchRuns({ select, run, without, signal }: WatchOptions): Promise<number> {
  const changed = new Set<string>();
  let wake = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const folders = watchFolders(without, (file) => {
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => wake(), SETTLES_MS);
  });
  let [isQuit, isRunning, wantsAll] = [false, false, false];
  const keys = listenToKeys((key) => {
    isQuit ||= key === 'quit';
    // What runs is then interrupted as by Ctrl-C.
    if (isQuit && isRunning) process.kill(process.pid, 'SIGINT');
    wantsAll ||= key === 'all';
    wake();
  });
  signal.addEventListener('abort', () => wake());
  const known = new Map<string, string>();
  let ran: Ran = { code: EXIT.passed, imports: [], commands: [] };
  let isLoaded = false;
  const again = async (which: (files: ReadonlyMap<string, string>) => ReadonlyMap<string, string>) => {
    isRunning = true;
    try {
      const files = await select();
      const own = which(files);
      for (const [name, file] of files) known.set(name, file);
      for (const folder of new Set([...files.values()].map(path.dirname))) folders.add(folder);
      if (own.size === 0) return;
      const now = await run(own);
      ran = {
        ...now,
        imports: [...new Set([...ran.imports, ...now.imports])],
        commands: [...new Set([...ran.commands, ...now.commands])],
      };
      for (const file of now.imports) folders.add(path.dirname(file));
      isLoaded = true;
    } catch (error) {
      ran = { ...ran, code: fail(error) };
      isLoaded = false;
    } finally {
      isRunning = false;
    }
    if (!signal.aborted) say('waiting for changes; Enter runs all again, q quits');
  };
  try {
    await again((files) => files);
    while (!isQuit && !signal.aborted) {
      if (changed.size === 0 && !wantsAll)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (isQuit || signal.aborted) break;
      const files = [...changed];
      changed.clear();
      const all = wantsAll || (!isLoaded && files.some((file) => CODE.test(file)));
      wantsAll = false;
      // A file that is neither a scenario's nor imported, such as one that a program writes, changes nothing.
      const concerns = (now: ReadonlyMap<string, string>) => affected(files, now, { ...ran, known });
      const isCode = files.some((file) => CODE.test(file));
      if (all) await again((now) => now);
      else if (isCode) await again(concerns);
    }
  } finally {
    clearTimeout(timer);
    keys.close();
    folders.close();
  }
  return signal.aborted ? EXIT.interrupted : ran.code;
}

/**
 * The scenarios that changed files concern: their own; of a module that is imported all with a trainer, since it is not
 * known which import it; and of other code all with a command.
 */
export function affected(
  changed: readonly string[],
  files: ReadonlyMap<string, string>,
  {
    imports,
    commands,
    known,
  }: Pick<Ran, 'imports' | 'commands'> & { readonly known: ReadonlyMap<string, string> },
): Map<string, string> {
  const scenarios = new Set(files.values());
  const others = changed.filter((file) => !scenarios.has(file));
  const isImported = others.some((file) => imports.includes(file));
  const isOther = others.some((file) => CODE.test(file) && !imports.includes(file));
  return new Map(
    [...files].filter(
      ([name, file]) =>
        changed.includes(file) ||
        !known.has(name) ||
        (commands.includes(name) ? isImported || isOther : isImported),
    ),
  );
}

interface Folders {
  /** Watches a folder too, which may lie outside the working folder. */
  add(folder: string): void;
  close(): void;
}

const IGNORED = new Set(['node_modules', 'dist', '__pycache__', 'coverage']);

/** Watches the working folder and what is below, one by one: a recursive watch would take in all packages. */
function watchFolders(without: readonly string[], onChange: (file: string) => void): Folders {
  const watchers = new Map<string, FSWatcher>();
  const isWithout = (folder: string): boolean =>
    without.some((other) => folder === other || folder.startsWith(other + path.sep));
  const add = (folder: string): void => {
    if (watchers.has(folder) || watchers.size >= MOST_FOLDERS || isWithout(folder)) return;
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null) return;
        const file = path.join(folder, name);
        if (!isWithout(file)) onChange(file);
      });
      watcher.on('error', () => watchers.delete(folder));
      watchers.set(folder, watcher);
    } catch {
      // A folder that is gone has nothing to watch.
    }
  };
  const addBelow = (folder: string): void => {
    add(folder);
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !entry.name.startsWith('.') && !IGNORED.has(entry.name)) {
        const inner = path.join(folder, entry.name);
        if (watchers.size < MOST_FOLDERS && !isWithout(inner)) addBelow(inner);
      }
  };
  addBelow(process.cwd());
  return {
    add,
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** In a terminal, a key counts at once; Ctrl-C is then a key too. */
function listenToKeys(onKey: (key: 'quit' | 'all') => void): { close(): void } {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stdin.setRawMode(true);
  const take = (data: Buffer): void => {
    const text = data.toString();
    if (text.includes('\u0003')) process.kill(process.pid, 'SIGINT');
    else if (text.includes('q')) onKey('quit');
    else if (/[\r\n]/.test(text)) onKey('all');
  };
  stdin.on('data', take);
  return {
    close() {
      stdin.off('data', take);
      if (isTerminal) stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

/** Starts a module or a program in a fresh process, and ends it with everything that it started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as passing } from 'node:timers/promises';
import { jsonLines, Tail } from './bounded.ts';
import { endGroup, endMarked, findMarked, newMark } from './mark.ts';
import { begun, childMarks, over, watch } from './watchdog.ts';

const STDERR_LINES = 20;
const STDERR_LINE_LENGTH = 2000;
const STDERR_BYTES = 256 * 1024;
const MESSAGE_BYTES = 16 * 1024 * 1024;
/** How long a pipe is read after its process is gone. Only a process that could not be ended still holds it then. */
const READ_ON_MS = 1000;
/** How often it is looked for what outlives a process that was asked to end. */
const LOOK_MS = 50;

export interface StartOptions {
  /** A program instead of Node: its path or name, its working folder, and the file that gets what it prints. */
  readonly program?: { readonly name: string; readonly work: string; readonly output: string };
  /** Options of Node and the module, then its arguments; of a program, its arguments. */
  readonly args: readonly string[];
  /** Variables beside the parent's. One that is undefined is not passed on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with each message that the process tells; see channel.ts. It may be any JSON. */
  readonly onMessage: (message: unknown) => void;
}

export interface ProcessEnd {
  /** Null if a signal ended it; both are null if the system could not start it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines of standard error, each cut to a bearable length. */
  readonly lastLines: readonly string[];
}

export interface StartedProcess {
  /** Resolves once the process and its descendants are gone. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Sends a message, which the process can {@link hear}. Does nothing if it is gone. */
  send(message: unknown): void;
  /**
   * Asks the process, and what it started in its group, to end: SIGTERM. What it started may outlive it then, on Linux,
   * until {@link end} is called.
   */
  terminate(): void;
  /** Ends the process and its descendants at once. */
  end(): void;
}

export function startProcess(options: StartOptions): StartedProcess {
  watch();
  const mark = newMark();
  const child = spawned(options, mark);
  if (child instanceof Error) return unstarted(Promise.resolve(child));
  const { pid } = child;
  if (pid === undefined) return unstarted(new Promise((resolve) => child.once('error', resolve)));
  begun(pid);
  const exited = new Promise<Pick<ProcessEnd, 'exitCode' | 'signal'>>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stderr = child.stderr as Readable;
  const channel = child.stdio[3] as Duplex;
  const tail = new Tail(STDERR_BYTES);
  stderr.on('data', (chunk: Buffer) => tail.take(chunk));
  channel.on('data', jsonLines(MESSAGE_BYTES, options.onMessage));
  // A process that is ended breaks its pipes; its exit says how it ended.
  for (const pipe of [stderr, channel]) pipe.on('error', () => {});
  let gone = false;
  let isAsked = false;
  const untilEnd = async (): Promise<ProcessEnd> => {
    const end = await exited;
    while (isAsked && findMarked(mark).length > 0) await passing(LOOK_MS);
    gone = true;
    endGroup(pid);
    await endMarked(mark);
    over(pid);
    await Promise.race([closed, passing(READ_ON_MS, undefined, { ref: false })]);
    for (const pipe of [stderr, channel]) pipe.destroy();
    return { ...end, lastLines: tail.lines(STDERR_LINES, STDERR_LINE_LENGTH) };
  };
  return {
    ended: untilEnd(),
    send(message) {
      if (!gone) channel.write(`${JSON.stringify(message)}\n`);
    },
    terminate() {
      isAsked = true;
      if (!gone) endGroup(pid, 'SIGTERM');
    },
    end() {
      isAsked = false;
      if (!gone) endGroup(pid);
    },
  };
}

/** Some errors are thrown here; of others, the process tells later and has no id. */
function spawned({ program, args, env }: StartOptions, mark: string): ChildProcess | Error {
  let output: number | undefined;
  try {
    if (program !== undefined) output = openSync(program.output, 'w');
    const node = program === undefined ? ['--no-warnings'] : [];
    return spawn(program?.name ?? process.execPath, [...node, ...args], {
      ...(program === undefined ? {} : { cwd: program.work }),
      env: { ...process.env, ...env, ...childMarks(mark) },
      stdio: ['ignore', output ?? 'ignore', 'pipe', 'pipe'],
      // Leader of a process group, by which its descendants can be ended.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (error) {
    return error as Error;
  } finally {
    if (output !== undefined) closeSync(output);
  }
}

const unstarted = (error: Promise<Error>): StartedProcess => ({
  ended: error.then(({ message }) => ({
    exitCode: null,
    signal: null,
    lastLines: [message.slice(0, STDERR_LINE_LENGTH)],
  })),
  send() {},
  terminate() {},
  end() {},
});

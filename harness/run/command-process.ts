/** Runs a command as one process of a scenario, recorded, and writes to its trace how it ended. */
import {
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProcess } from '../processes/start.ts';
import { isControl, resumes } from '../trace/roles.ts';
import type { ProcessRecord, Trace } from '../trace/schema.ts';
import { appendRecord } from '../trace/write.ts';
import { environment, resumePlaces } from './command-environment.ts';
import { watchHolds, watchKill } from './command-holds.ts';
import { type CommandJob, holdsOf, isCopied, type Left } from './command-job.ts';
import { checkpointAt, readSaves, type Save } from './command-saves.ts';
import { watchTrace } from './command-watch.ts';
import { filled, type Places } from './command-words.ts';
import type { Progress } from './job.ts';
import { filesIn } from './own-folders.ts';
import type { ProcessLimits } from './process.ts';
import { processRecord, timerAfter } from './process-record.ts';

/** Seconds after SIGTERM. */
const GRACE = 30;

/** The folder of copies in that of a process. */
const COPIES = 'saved';

export interface CommandOptions {
  readonly limits: ProcessLimits;
  readonly signal: AbortSignal;
  readonly read: (file: string) => Promise<Trace>;
  readonly onProgress: (progress: Progress) => void;
}

export interface CommandResult {
  readonly trace: Trace;
  /** The folder that it wrote to, a real path. */
  readonly run: string;
  readonly saves: readonly Save[];
  /** By the step after which it saved. */
  readonly left: ReadonlyMap<number, Left>;
  /** The folder that it could write to for itself alone, which is gone. */
  readonly scratch: string;
}

/** Never throws for what the program does. */
export async function runCommandProcess(job: CommandJob, options: CommandOptions): Promise<CommandResult> {
  const start = performance.now();
  mkdirSync(path.join(job.folder, 'run'), { recursive: true });
  const run = realpathSync(path.join(job.folder, 'run'));
  if (job.left !== undefined) await copy(job.left.folder, run);
  // Not in the report's folder: the path of a socket in it must be short.
  const temporary = realpathSync(mkdtempSync(path.join(tmpdir(), 'resumeproof-')));
  const [own, tmp] = ['own', 'tmp'].map((name) => path.join(temporary, name)) as [string, string];
  for (const folder of [own, tmp]) mkdirSync(folder);
  const here = process.cwd();
  const places: Places = { run, own, here, ...resumePlaces(job, run) };
  const file = path.join(job.folder, 'trace.jsonl');
  const saves = path.join(job.folder, 'saves.jsonl');
  const { program, args, cwd, resumeWith = [], neverSaveWith = [] } = job.command;
  const more = resumes(job.part.role) ? resumeWith : isControl(job.part.role) ? neverSaveWith : [];
  let outcome: ProcessRecord['outcome'] = 'exited';
  const kill = (why: ProcessRecord['outcome']): void => {
    if (outcome !== 'exited') return;
    outcome = why;
    child.end();
  };
  const child = startProcess({
    program: {
      name: filled(program, places),
      work: cwd === undefined ? here : filled(cwd, places),
      output: path.join(job.folder, 'output.txt'),
    },
    args: [...args, ...more].map((word) => filled(word, places)),
    env: environment(job, places, { file, saves, tmp }),
    onMessage() {},
  });
  const after = (seconds: number, why: ProcessRecord['outcome']): NodeJS.Timeout =>
    timerAfter(seconds * 1000, () => kill(why));
  const runTimer = after(options.limits.run, 'run-timeout');
  const stepTimer = after(options.limits.step, 'step-timeout');
  const unwatch = watchTrace(file, (step) => {
    stepTimer.refresh();
    if (step !== undefined) options.onProgress({ kind: 'step', step });
  });
  const { until, killed = false, inSave } = job.part;
  let isSignalled = false;
  let graceTimer: NodeJS.Timeout | undefined;
  const left = new Map<number, Left>();
  const leaves = (step: number, folder: string): void => {
    const checkpoint = checkpointAt(readSaves(saves), step, run);
    left.set(step, {
      folder,
      checkpoint: checkpoint === undefined ? undefined : path.relative(run, checkpoint),
    });
  };
  /** The files of the last checkpoint before a save in which it is killed. */
  let whole: string[] = [];
  const endHolds = watchHolds(file, holdsOf(job), async (step) => {
    if (killed && step === until) {
      kill('killed');
      return false;
    }
    try {
      if (isCutNext(job.part, step)) {
        leaves(step, run);
        whole = filesOf(run, left.get(step)?.checkpoint);
      } else if (isCopied(job, step)) {
        await copy(run, copyOf(job.folder, step));
        leaves(step, copyOf(job.folder, step));
      }
    } catch (error) {
      child.end();
      throw error;
    }
    stepTimer.refresh();
    if (step === job.signalAt) {
      isSignalled = true;
      child.terminate();
      graceTimer = timerAfter((job.command.grace ?? GRACE) * 1000, child.end);
    }
    return true;
  });
  const endKill = inSave === undefined ? () => false : watchKill(file, until, () => kill('killed'));
  const cancel = (): void => kill('cancelled');
  if (options.signal.aborted) cancel();
  options.signal.addEventListener('abort', cancel, { once: true });
  const ended = await child.ended;
  unwatch();
  if (endKill() && outcome === 'exited') outcome = 'killed';
  for (const timer of [runTimer, stepTimer, graceTimer]) clearTimeout(timer);
  options.signal.removeEventListener('abort', cancel);
  await endHolds().catch((error) => {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  });
  const seen = outcome === 'exited' && existsSync(file) ? await options.read(file) : undefined;
  // However it ends by SIGTERM.
  const isStopped = isSignalled ? seen?.saved.at(-1)?.step === until : stoppedAfterSave(seen, until);
  if (outcome === 'exited' && (isSignalled || ended.exitCode === 0) && isStopped)
    outcome = 'stopped-as-planned';
  if (outcome === 'exited' && ended.exitCode !== 0) outcome = 'crashed';
  const outside = ['own', 'tmp'].flatMap((name) =>
    filesIn(path.join(temporary, name)).map((one) => `${name}/${one}`),
  );
  rmSync(temporary, { recursive: true, force: true });
  appendRecord(file, processRecord(ended, outcome, (performance.now() - start) / 1000, outside));
  if (job.resumedAt.includes(until)) leaves(until, run);
  const before = left.get(job.part.saves.at(-1) ?? 0);
  if (inSave !== undefined && before !== undefined) {
    // If what it was killed in was whole by then, that is in the same folder.
    leaves(until, run);
    const { checkpoint = before.checkpoint } = left.get(until)!;
    const isReplaced = left.get(until)?.checkpoint !== undefined && !whole.every((one) => existsSync(one));
    left.set(until, { folder: run, checkpoint });
    left.set(job.part.saves.at(-1)!, { ...before, isReplaced });
  }
  return { trace: await options.read(file), run, saves: readSaves(saves), left, scratch: temporary };
}

/** Whether that is the last save before one in which the process is killed: who resumes from it gets what that leaves. */
const isCutNext = ({ saves, inSave }: CommandJob['part'], step: number): boolean =>
  inSave !== undefined && step === saves.at(-1);

/** The path of each file of a checkpoint, which is a file itself or a folder. */
function filesOf(run: string, checkpoint: string | undefined): string[] {
  if (checkpoint === undefined) return [];
  const from = path.join(run, checkpoint);
  if (!lstatSync(from).isDirectory()) return [from];
  return readdirSync(from, { recursive: true }).map((name) => path.join(from, String(name)));
}

/** Of what a process leaves at a save and goes on. */
const copyOf = (folder: string, step: number): string => path.join(folder, COPIES, `step-${step}`);

/** Once nobody starts from them any more. */
export const removeCopies = (folder: string): void =>
  rmSync(path.join(folder, COPIES), { recursive: true, force: true });

/** A recorder that ends its process at a resume point leaves no record of the end. */
const stoppedAfterSave = (trace: Trace | undefined, until: number): boolean =>
  trace !== undefined && trace.end === undefined && trace.saved.at(-1)?.step === until;

/** The newest checkpoint is found by its time, so times are kept. Sockets and pipes are left out. */
const copy = (from: string, to: string): Promise<void> =>
  cp(from, to, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter(file) {
      const found = lstatSync(file);
      return found.isFile() || found.isDirectory() || found.isSymbolicLink();
    },
  });

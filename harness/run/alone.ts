/**
 * Runs a job so that only its checkpoint reaches another process: in folders of its own, and with the checkpoint moved
 * away from where it was saved, which finds what a trainer left beside it or refers to by its path.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { recordCheckpoint } from './checkpoint-record.ts';
import { checkpointName, type Job } from './job.ts';
import { SAVING } from './missing-file.ts';
import { filesIn, ownFolders } from './own-folders.ts';
import { type ProcessOptions, type ProcessResult, runProcess } from './process.ts';

export interface AloneOptions extends Omit<ProcessOptions, 'env' | 'left' | 'contents'> {
  /** Whether the scenario declines folders of its own for each process. */
  readonly sharesFolders: boolean;
  /** By step: where a checkpoint is put once the process has ended. The others are removed. */
  readonly keep: ReadonlyMap<number, string>;
}

/** Like {@link runProcess}. */
export async function runAlone(
  job: Omit<Job, 'work' | 'savesIn'>,
  { sharesFolders, keep, ...options }: AloneOptions,
): Promise<ProcessResult> {
  const own = sharesFolders ? undefined : ownFolders(job.folder);
  const saving = path.join(job.folder, SAVING);
  const saves = job.saves.length > 0 || job.inSave !== null;
  if (saves) mkdirSync(saving, { recursive: true });
  try {
    const alone: Job = { ...job, savesIn: saves ? saving : null, work: own?.work ?? null };
    return await runProcess(alone, {
      ...options,
      env: own?.env ?? {},
      left() {
        for (const [step, to] of keep) move(path.join(saving, checkpointName(step)), to);
        const cutShort = job.inSave === null ? [] : [job.until];
        const checkpoints = new Set([...job.saves, ...cutShort].map(checkpointName));
        const beside = filesIn(saving).filter((file) => !checkpoints.has(file.split('/')[0]!));
        return [...(own?.left() ?? []), ...beside.map((file) => `${SAVING}/${file}`)];
      },
      async contents(saved) {
        const records = [];
        for (const [step, to] of keep) if (saved.has(step)) records.push(await recordCheckpoint(to));
        return records.filter((record) => record !== undefined);
      },
    });
  } finally {
    own?.remove();
    if (saves) rmSync(saving, { recursive: true, force: true });
  }
}

/** Does nothing if there is no checkpoint: the trace says why. */
function move(from: string, to: string): void {
  try {
    mkdirSync(path.dirname(to), { recursive: true });
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

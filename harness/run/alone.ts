/**
 * Runs a job so that only its checkpoint reaches another process: in folders of its own, and with the checkpoint moved
 * away from where it was saved, which finds what a trainer left beside it or refers to by its path.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { recordCheckpoint } from './checkpoint-record.ts';
import type { Job } from './job.ts';
import { SAVING } from './missing-file.ts';
import { filesIn, ownFolders } from './own-folders.ts';
import { type ProcessOptions, type ProcessResult, runProcess } from './process.ts';

export interface AloneOptions extends Omit<ProcessOptions, 'env' | 'left' | 'contents'> {
  /** Whether the scenario declines folders of its own for each process. */
  readonly sharesFolders: boolean;
}

/** Like {@link runProcess}. The checkpoint is at the job's `saveTo` once the process has ended. */
export async function runAlone(
  job: Job,
  { sharesFolders, ...options }: AloneOptions,
): Promise<ProcessResult> {
  const own = sharesFolders ? undefined : ownFolders(job.folder);
  const saving = path.join(job.folder, SAVING);
  const saveTo = job.saveTo === null ? null : path.join(saving, path.basename(job.saveTo));
  const savesIn = job.role === 'saver' ? saving : null;
  const saves = saveTo !== null || savesIn !== null;
  if (saves) mkdirSync(saving, { recursive: true });
  try {
    const alone: Job = { ...job, saveTo, savesIn, work: own?.work ?? null };
    const result = await runProcess(alone, {
      ...options,
      env: own?.env ?? {},
      left() {
        if (saveTo !== null) move(saveTo, job.saveTo!);
        const beside = savesIn === null ? filesIn(saving) : [];
        return [...(own?.left() ?? []), ...beside.map((file) => `${SAVING}/${file}`)];
      },
      async contents() {
        const record = job.saveTo === null ? undefined : await recordCheckpoint(job.saveTo);
        return record === undefined ? [] : [record];
      },
    });
    const last = result.trace.saved.at(-1)?.checkpoint;
    if (savesIn !== null && last !== undefined) move(path.join(saving, last), lastSaveOf(job.folder, last));
    return result;
  } finally {
    own?.remove();
    if (saves) rmSync(saving, { recursive: true, force: true });
  }
}

/** Where the last checkpoint of a saver is once the process has ended. */
export const lastSaveOf = (folder: string, checkpoint: string): string => path.join(folder, checkpoint);

/** Does nothing if there is no checkpoint: the trace says why. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

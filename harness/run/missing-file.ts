/** Explains an error about a file that is missing because of what processes of a scenario do not share. */
import path from 'node:path';
import type { Job } from './job.ts';
import { OWN } from './own-folders.ts';

/** The folder in a process's folder from which its checkpoint is moved away once it has ended. */
export const SAVING = 'saving';

/** The explanation, as text before the error's message; empty if there is none. */
export function whyMissing(error: Error, { work, checkpoint }: Pick<Job, 'work' | 'checkpoint'>): string {
  const { code, path: named } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' || typeof named !== 'string') return '';
  const file = path.resolve(named);
  const isIn = (...folders: string[]): boolean => file.includes(path.join(path.sep, ...folders, path.sep));
  if (work !== null && file.startsWith(path.dirname(work)))
    return 'each process has empty temporary, home and working folders of its own (keep state in the checkpoint, find data by import.meta, or set sharesFolders): ';
  if (checkpoint === null) return '';
  // A process resumes only from what was saved.
  if (file === checkpoint)
    return 'the checkpoint was removed after the save, by the process that saved it or one that loaded it: ';
  if (isIn(SAVING, path.basename(checkpoint)))
    return 'the checkpoint was moved after the save (let it refer to its files by relative paths): ';
  return isIn(OWN) || isIn(SAVING)
    ? 'the file is outside the checkpoint, where only the process that saved could see it: '
    : '';
}

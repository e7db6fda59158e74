/** What a program saved, as its recorder tells it: docs/recorder.md describes the file. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ascending } from '../trace/history.ts';

const saveSchema = z.object({
  step: z.int().nonnegative(),
  files: z.array(z.object({ path: z.string(), inode: z.string().optional() })),
  /** Whether the recorder can kill its process in such a save. */
  inSave: z.boolean().optional(),
  /** Whether it was saved after the last step that was recorded. */
  late: z.boolean().optional(),
  /** How many steps the process had trained since then. */
  trainedOn: z.int().nonnegative().optional(),
});

/** The files that were written between a step and the next one. */
export type Save = z.output<typeof saveSchema>;

/** The saves of a process; none if it has told of none. A line that is cut off is left out. */
export function readSaves(file: string): Save[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [saveSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** Where the files saved at a step are now. Programs rename what they have written, or the folder around it. */
function foundOf(saves: readonly Save[], step: number, run: string): string[] {
  const own = saves.filter((save) => save.step === step);
  // What a program saves when it is asked to end is what it resumes from.
  const late = own.filter((save) => save.late === true);
  const files = (late.length > 0 ? late : own).flatMap((save) => save.files);
  const inodes = files.some((file) => !isAt(file)) ? inodesIn(run) : new Map<string, string>();
  const found = files.flatMap((file) =>
    isAt(file) ? [realpathSync(file.path)] : (inodes.get(file.inode ?? '') ?? []),
  );
  return [...new Set(found)];
}

function isAt({ path: file, inode }: Save['files'][number]): boolean {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && (inode === undefined || String(found.ino) === inode);
}

function inodesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [String(statSync(file, { bigint: true }).ino), file]),
  );
}

/** How many steps after its last recorded one a process had trained when it saved last; 0 if it saved nothing then. */
export const stepsLate = (saves: readonly Save[]): number =>
  Math.max(0, ...saves.map(({ trainedOn = 0 }) => trainedOn));

/** The steps after which a process can be killed in a save, ascending. */
export const killableIn = (saves: readonly Save[]): number[] =>
  ascending(saves.flatMap(({ step, inSave }) => (inSave === true ? [step] : [])));

const isInside = (folder: string, file: string): boolean =>
  !path.relative(folder, file).startsWith('..') && !path.isAbsolute(path.relative(folder, file));

/**
 * What was saved at a step: the file, or the folder of several files.
 * @param run the folder that the process wrote to, a real path
 * @returns a path in `run`; undefined if nothing that was saved is there
 */
export function checkpointAt(saves: readonly Save[], step: number, run: string): string | undefined {
  const files = foundOf(saves, step, run).filter((file) => isInside(run, file));
  if (files.length < 2) return files[0];
  let folder = path.dirname(files[0]!);
  while (!files.every((file) => isInside(folder, file))) folder = path.dirname(folder);
  return folder;
}

/**
 * A file that was saved at a step outside of the process's own folder, if none was saved in it.
 * @param scratch where the process can write before it moves a file to its place
 */
export function strayAt(
  saves: readonly Save[],
  step: number,
  run: string,
  scratch: string,
): string | undefined {
  const paths = saves
    .filter((save) => save.step === step)
    .flatMap(({ files }) => files.map((one) => one.path));
  const inside = paths.some((file) => isInside(run, file) || isInside(scratch, file));
  return inside || checkpointAt(saves, step, run) !== undefined ? undefined : paths[0];
}

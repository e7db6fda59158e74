/** Where files lie, as CI systems name them: relative to what they checked out, with `/`. */
import path from 'node:path';
import type { Origin } from '../judge/verdict.ts';

/** @returns the path from `folder` to `file`, with `/`; null if there is none, as between two drives */
export function relativeTo(folder: string, file: string): string | null {
  const relative = path.relative(folder, file);
  return path.isAbsolute(relative) ? null : relative.split(path.sep).join('/');
}

/**
 * A path from the folder that CI checked out; outside of CI, from the working folder.
 * @param file relative to the working folder
 * @returns undefined if the file lies outside of that folder, or is unknown
 */
export function fromCheckout(
  { folder }: Pick<Origin, 'folder'>,
  file: string | null | undefined,
): string | undefined {
  if (file == null || file === '' || path.posix.isAbsolute(file)) return undefined;
  const joined = path.posix.join(folder ?? '', file);
  return joined === '..' || joined.startsWith('../') ? undefined : joined;
}

import { STRIPPING } from '../caches.ts';
import { currentSnapshot } from './snapshot.ts';

/** A short process would collect the little garbage that it makes again and again. */
const NEW_SPACE = '--min-semi-space-size=16';

/** Arguments of Node for a process that imports scenarios: from the snapshot, or without if there is none. */
export async function nodeArguments(entry: string): Promise<string[]> {
  const snapshot = await currentSnapshot();
  return 'problem' in snapshot ? [STRIPPING, entry] : [NEW_SPACE, '--snapshot-blob', snapshot.file, entry];
}

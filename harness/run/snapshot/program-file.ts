/**
 * The file of the harness's part of the snapshot. A built package brings it; from source, it is made when it is needed.
 */
import path from 'node:path';
import { changedFile, digestOf, keptBundle, readIfThere } from '../../bundle/kept-bundle.ts';
import { NoSnapshot } from './no-snapshot.ts';

/** Of this package, in TypeScript or built. */
const HARNESS = path.dirname(path.dirname(import.meta.dirname));
const EXTENSION = path.extname(import.meta.url);
const BUILT = path.join(import.meta.dirname, 'program.cjs');

export interface Program {
  /** Folder of the harness whose modules it has. */
  readonly harness: string;
  readonly file: string;
  readonly digest: string;
}

/**
 * The program of the harness as it is on the disk now.
 * @param cache the folder to keep it in, from source
 * @throws {NoSnapshot} when the built program is of other files than those beside it
 */
export async function currentProgram(cache: string): Promise<Program> {
  if (EXTENSION === '.js') return builtProgram();
  const bundler = readIfThere(path.join(import.meta.dirname, 'bundle.ts'));
  const file = path.join(cache, `${digestOf(`${HARNESS}\0${bundler}`).slice(0, 16)}.cjs`);
  const make = async () => (await import('./bundle.ts')).bundleProgram(HARNESS, EXTENSION);
  return programAt(file, await keptBundle(HARNESS, file, make));
}

function builtProgram(): Program {
  const text = readIfThere(BUILT);
  if (text === undefined) throw new NoSnapshot(`${BUILT} is missing`);
  const changed = changedFile(HARNESS, text);
  if (changed !== undefined) throw new NoSnapshot(`${changed} is not as it was when the package was built`);
  return programAt(BUILT, text);
}

const programAt = (file: string, text: string): Program => ({
  harness: HARNESS,
  file,
  digest: digestOf(text),
});

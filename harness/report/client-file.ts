/** The script and the style sheet of the page. A built package brings them; from source, they are made when needed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { digestOf, keptBundle, readIfThere } from '../bundle/kept-bundle.ts';

const HARNESS = path.dirname(import.meta.dirname);
const BUILT = path.extname(import.meta.url) === '.js';

export interface Client {
  readonly script: string;
  readonly style: string;
}

let read: Promise<Client> | undefined;

/** @throws Error if a built package lacks them, or if they cannot be bundled */
export function client(): Promise<Client> {
  read ??= text().then((json) => JSON.parse(json) as Client);
  return read;
}

async function text(): Promise<string> {
  if (BUILT) return readFile(path.join(import.meta.dirname, 'client.json'), 'utf8');
  const bundler = readIfThere(path.join(import.meta.dirname, 'client-bundle.ts'));
  const name = `${digestOf(`${HARNESS}\0${bundler}`).slice(0, 16)}.client`;
  const file = path.join(path.dirname(HARNESS), 'node_modules', '.cache', 'resumeproof', 'page', name);
  const make = async () => (await import('./client-bundle.ts')).bundleClient(HARNESS);
  const kept = await keptBundle(HARNESS, file, make);
  return kept.slice(kept.indexOf('\n') + 1);
}

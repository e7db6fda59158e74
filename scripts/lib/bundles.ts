/** Writes the bundles of this package beside its compiled modules, so that its users need no bundler. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleText } from '../../harness/bundle/kept-bundle.ts';
import { bundleClient } from '../../harness/report/client-bundle.ts';
import { bundleProgram } from '../../harness/run/snapshot/bundle.ts';
import { licencesOf } from './licences.ts';

const root = path.join(import.meta.dirname, '..', '..');
const source = path.join(root, 'harness');

/**
 * @param harness the compiled harness
 * @returns the files written
 */
export async function writeBundles(harness: string): Promise<string[]> {
  return [...(await writeProgram(harness)), ...(await writeClient(harness))];
}

/** What snapshots are made of. */
async function writeProgram(harness: string): Promise<string[]> {
  const folder = path.join(harness, 'run', 'snapshot');
  const { code, files } = await bundleProgram(source, '.js');
  const isOwn = (file: string): boolean => file.startsWith(source + path.sep);
  const compiled = (file: string): string =>
    path.join(harness, path.relative(source, file)).replace(/\.ts$/, '.js');
  const program = path.join(folder, 'program.cjs');
  writeFileSync(program, bundleText(harness, { code, files: files.filter(isOwn).map(compiled) }));
  return [program, ...withoutBundler(folder, 'bundle', 'program', files)];
}

/** The script of the report's page. */
async function writeClient(harness: string): Promise<string[]> {
  const folder = path.join(harness, 'report');
  const { code, files } = await bundleClient(source);
  const client = path.join(folder, 'client.json');
  writeFileSync(client, code);
  return [client, ...withoutBundler(folder, 'client-bundle', 'client', files)];
}

/** Writes the licences of the packages in a bundle, which must be passed on, and drops the module that made it. */
function withoutBundler(folder: string, bundler: string, name: string, files: readonly string[]): string[] {
  const packaged = files.flatMap((file) => /node_modules.*/.exec(file)?.[0] ?? []);
  const licences = path.join(folder, `${name}.licences.txt`);
  const texts = licencesOf(root, packaged).map(
    (licence) => `${licence}\n\n${readFileSync(path.join(root, licence), 'utf8')}`,
  );
  writeFileSync(licences, texts.join('\n'));
  for (const extension of ['js', 'd.ts'])
    rmSync(path.join(folder, `${bundler}.${extension}`), { force: true });
  return [licences];
}

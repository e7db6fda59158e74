/** Writes the harness's part of the snapshot beside a compiled harness, so that its users need no bundler. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleProgram } from '../../harness/run/snapshot/bundle.ts';
import { programText } from '../../harness/run/snapshot/program-file.ts';
import { licencesOf } from './licences.ts';

const root = path.join(import.meta.dirname, '..', '..');
const source = path.join(root, 'harness');

/**
 * @param harness the compiled harness
 * @returns the files written
 */
export async function writeProgram(harness: string): Promise<string[]> {
  const folder = path.join(harness, 'run', 'snapshot');
  const { code, files } = await bundleProgram(source, '.js');
  const isOwn = (file: string): boolean => file.startsWith(source + path.sep);
  const compiled = (file: string): string =>
    path.join(harness, path.relative(source, file)).replace(/\.ts$/, '.js');
  const program = path.join(folder, 'program.cjs');
  writeFileSync(program, programText(harness, { code, files: files.filter(isOwn).map(compiled) }));
  // The licences of the packages in it must be passed on.
  const packaged = files.flatMap((file) => /node_modules.*/.exec(file)?.[0] ?? []);
  const licences = path.join(folder, 'program.licences.txt');
  const texts = licencesOf(root, packaged).map(
    (name) => `${name}\n\n${readFileSync(path.join(root, name), 'utf8')}`,
  );
  writeFileSync(licences, texts.join('\n'));
  for (const name of ['bundle.js', 'bundle.d.ts']) rmSync(path.join(folder, name), { force: true });
  return [program, licences];
}

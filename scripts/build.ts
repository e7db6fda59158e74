/**
 * Compiles harness/ into dist/, which `npm pack` ships, or into the folder that is given, and copies its files that are
 * not TypeScript, and the recorders. Bundles what snapshots are made of.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeBundles } from './lib/bundles.ts';

const root = path.dirname(import.meta.dirname);
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
// Output of deleted source files would be published too.
rmSync(dist, { recursive: true, force: true });
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', dist], {
  cwd: root,
  stdio: 'inherit',
});
if (status === 0) {
  const harness = path.join(root, 'harness');
  for (const file of globSync('**/*', { cwd: harness })) {
    if (/\.ts$|(^|[\\/])testing([\\/]|$)/.test(file) || statSync(path.join(harness, file)).isDirectory())
      continue;
    cpSync(path.join(harness, file), path.join(dist, file));
  }
  const recorder = path.join('recorders', 'python', 'src');
  for (const file of globSync('**/*.py', { cwd: path.join(root, recorder) }))
    cpSync(path.join(root, recorder, file), path.join(dist, recorder, file));
  await writeBundles(dist);
}
process.exitCode = status ?? 1;

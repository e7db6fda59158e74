/** Collects the files of a bundle: what Node loads of the project and its packages, and what these read. */
import { existsSync, globSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { nodeFileTrace } from '@vercel/nft';
import { writeBundles } from '../lib/bundles.ts';
import { compile } from '../lib/compile.ts';
import { licencesOf } from '../lib/licences.ts';
import { withoutSymbols } from './elf.ts';

export interface Entry {
  /** Within the bundle, with `/`. */
  readonly name: string;
  /** The path of a file here, or its content. */
  readonly source: string | Buffer;
}

/** States in one line why a bundle cannot be made. */
export class BundleError extends Error {}

const root = path.dirname(path.dirname(import.meta.dirname));
/** Intermediate files, which can be deleted. */
export const cache = path.join(root, '.cache', 'bundle');
const stage = path.join(cache, 'stage');

/** Files that are started as processes or found by folder, so no import leads to them. */
const ENTRIES = [
  'harness/cli/main.js',
  'harness/index.js',
  'harness/judging.js',
  'harness/run/child.js',
  'harness/run/inspect-process.js',
  'harness/run/snapshot/program.js',
  'harness/processes/watchdog-process.js',
  'harness/run/stripping.mjs',
  'harness/backend/inspect-process.js',
  'harness/verify/verify-process.js',
  'harness/faults/*/*.js',
  'scenarios/*.js',
  'scripts/check-gpu.js',
  'scripts/bench/steps.js',
  'scripts/bench/bare.js',
];
/** Files that are opened by path. */
const DATA = [
  'harness/**/*.{json,cjs}',
  'fixtures/images/**',
  'fixtures/base-model/*.safetensors',
  'node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm{,-simd}.wasm',
  'recorders/python/src/**/*.py',
  'docs/rules.md',
  'LICENSE',
];
/**
 * Tests, what a queue needs, which a bundle is no part of, and a browser. Tracing takes whole folders where a program is
 * started by a name that is put together.
 */
const UNUSED = /\.test\.js$|\/testing\/|(^|\/)node_modules\/(bullmq|ioredis|playwright-core)\//;
/** Binaries for other platforms. */
const ELSEWHERE = /^node_modules\/webgpu\/dist\/(?!linux-x64\/)/;
const NODE_GPU = 'node_modules/@tensorflow/tfjs-node-gpu';

const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib'];

export interface Contents {
  readonly node: Buffer;
  readonly entries: readonly Entry[];
  /** Libraries that this machine lacks, so the bundle lacks them too. */
  readonly without: readonly string[];
}

/**
 * @param backends besides wasm and cpu: 'webgpu', 'node-gpu'
 * @throws {BundleError} when a part is missing here
 */
export async function collectContents(backends: ReadonlySet<string>): Promise<Contents> {
  const node = path.join(root, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    throw new BundleError(
      'Node 22 is missing from node_modules; run "npm rebuild node --ignore-scripts=false"',
    );
  }
  if (backends.has('node-gpu') && !existsSync(path.join(root, NODE_GPU, 'deps', 'lib'))) {
    throw new BundleError(
      'node-gpu is not set up here; run "npm run setup:node-gpu", with -- --cuda for a GPU',
    );
  }
  compileAll();
  const program = await writeBundles(path.join(stage, 'harness'));
  const { entries, without } = systemLibraries(backends);
  const files = await traced(backends);
  for (const file of program) files.set(path.relative(stage, file), file);
  return {
    node: withoutSymbols(readFileSync(node)),
    entries: [
      ...[...files].map(([name, file]) => ({ name: `app/${name}`, source: file })),
      { name: 'app/package.json', source: Buffer.from(manifest()) },
      ...licences(files.keys()),
      ...entries,
    ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    without,
  };
}

/** Compiles the whole project to JavaScript; tracing then picks the files that are needed. */
function compileAll(): void {
  rmSync(stage, { recursive: true, force: true });
  try {
    compile('tsconfig.json', '--noEmit', 'false', '--outDir', stage, '--rootDir', '.');
  } catch (error) {
    throw new BundleError((error as Error).message);
  }
}

/** Maps names within the project to the files to copy. */
async function traced(backends: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const staged = ENTRIES.flatMap((pattern) => {
    const files = globSync(pattern, { cwd: stage }).filter((file) => !/\.test\.js$/.test(file));
    if (files.length === 0) throw new BundleError(`no file of the project matches ${pattern}`);
    return files;
  });
  const entries = staged.map((file) => path.join(stage, file));
  if (backends.has('node-gpu')) entries.push(path.join(root, NODE_GPU, 'dist', 'index.js'));
  const { fileList } = await nodeFileTrace(entries, {
    base: root,
    processCwd: root,
    ignore: (file) => UNUSED.test(file),
  });
  const within = `${path.relative(root, stage)}${path.sep}`;
  for (const file of fileList) {
    const name = file.startsWith(within) ? file.slice(within.length) : file;
    const unused =
      ELSEWHERE.test(name) || (!backends.has('webgpu') && name.startsWith('node_modules/webgpu/'));
    if (!unused && name !== 'package.json') found.set(name, path.join(root, file));
  }
  const data = globSync(DATA, { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile());
  // The library and the addon are opened by path.
  const libraries = backends.has('node-gpu')
    ? globSync(['deps/lib/**', 'lib/**'], { cwd: path.join(root, NODE_GPU), withFileTypes: true })
    : [];
  for (const entry of [...data, ...libraries.filter((each) => !each.isDirectory())]) {
    const file = path.join(entry.parentPath, entry.name);
    found.set(path.relative(root, file), file);
  }
  return found;
}

/** Like the published package's manifest, but with the bundle's paths, so that scenarios can import it by name. */
function manifest(): string {
  const { name, version, license, type } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const exports = {
    '.': './harness/index.js',
    './judge': './harness/judging.js',
    './package.json': './package.json',
  };
  return `${JSON.stringify({ name, version, license, type, exports }, null, 2)}\n`;
}

/** The licences of each package and of Node, which must be passed on. */
function licences(files: Iterable<string>): Entry[] {
  const own = licencesOf(root, files).map((name) => ({ name: `app/${name}`, source: path.join(root, name) }));
  const [node] = globSync('node_modules/node/node_modules/node-*/LICENSE', { cwd: root });
  return node === undefined ? own : [...own, { name: 'LICENSE.node', source: path.join(root, node) }];
}

/**
 * Libraries for systems that lack them: Vulkan's loader, and the C++ library that Node and Dawn link to. The
 * launcher adds each folder to the library path separately.
 */
function systemLibraries(backends: ReadonlySet<string>): { entries: Entry[]; without: string[] } {
  const wanted = [
    ['lib/cxx', 'libstdc++.so.6'],
    ['lib/cxx', 'libgcc_s.so.1'],
    ...(backends.has('webgpu') ? [['lib/vulkan', 'libvulkan.so.1']] : []),
  ] as [folder: string, name: string][];
  const entries: Entry[] = [];
  const without: string[] = [];
  for (const [folder, name] of wanted) {
    const found = LIBRARIES.map((each) => path.join(each, name)).find((file) => existsSync(file));
    if (found === undefined) without.push(name);
    else entries.push({ name: `${folder}/${name}`, source: realpathSync(found) });
  }
  return { entries, without };
}

/** Bundles the harness's part of the snapshot into one file, from which a snapshot can be made on any machine. */
import { globSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { parseSync } from 'rolldown/utils';

const ENTRY = 'entry of the snapshot';
/** Loaded from the disk of the machine that makes the snapshot, or by the process that needs it. */
const EXTERNAL = /^(node:|@tensorflow\/|webgpu$)/;

/** The harness's modules that a process or a fault may import, as paths within the harness. */
async function modulesOf(harness: string, extension: string): Promise<string[]> {
  const faults = globSync(`faults/*/*${extension}`, { cwd: harness }).filter(
    (file) => !/\.(test|d)\.\w+$/.test(file),
  );
  const entries = [`run/snapshot/program${extension}`, `index${extension}`, ...faults];
  const build = await rolldown({
    input: entries.map((file) => path.join(harness, file)),
    external: EXTERNAL,
    platform: 'node',
    treeshake: false,
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return [...new Set(output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])))]
    .map((file) => path.relative(harness, file))
    .filter((file) => !/^\.\.|^run\/snapshot\/|^faults\/.+\//.test(file.replaceAll('\\', '/')))
    .sort();
}

/** Where the module is on the machine that runs it, `$meta` knows. */
function withOwnMeta(harness: string, file: string, code: string): string | undefined {
  const name = path.relative(harness, file);
  if (name.startsWith('..') || name.includes('node_modules')) return undefined;
  const { module } = parseSync(file, code);
  const meta = `$meta(${JSON.stringify(name)})`;
  const edits = [
    ...module.importMetas.map(({ start, end }) => ({ start, end, text: meta })),
    ...module.dynamicImports.map(({ start }) => ({
      start,
      end: start + 'import'.length,
      text: `${meta}.import`,
    })),
  ];
  if (edits.length === 0) return undefined;
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

/**
 * @param harness the folder of the harness, in TypeScript or compiled
 * @returns the program, and the files that it is made of, as paths within the harness
 */
export async function bundleProgram(
  harness: string,
  extension: string,
): Promise<{ code: string; files: readonly string[] }> {
  const modules = await modulesOf(harness, extension);
  const entry = [
    `import { begin } from ${JSON.stringify(path.join(harness, `run/snapshot/program${extension}`))};`,
    ...modules.map(
      (name, index) => `import * as _${index} from ${JSON.stringify(path.join(harness, name))};`,
    ),
    `begin({ ${modules.map((name, index) => `${JSON.stringify(name)}: _${index}`).join(', ')} }, $lent);`,
  ].join('\n');
  const build = await rolldown({
    input: ENTRY,
    external: EXTERNAL,
    platform: 'node',
    treeshake: false,
    plugins: [
      {
        name: 'own-meta',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? entry : null),
        transform: (code, id) => withOwnMeta(harness, id, code),
      },
    ],
  });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  const [{ code, moduleIds }] = output;
  return { code, files: moduleIds.filter((id) => path.isAbsolute(id)) };
}

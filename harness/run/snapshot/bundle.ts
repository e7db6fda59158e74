/** Bundles the harness's part of the snapshot into one file, from which a snapshot can be made on any machine. */
import { globSync } from 'node:fs';
import path from 'node:path';
import { type RolldownOptions, rolldown } from 'rolldown';
import { parseSync } from 'rolldown/utils';

const PROGRAM = 'run/snapshot/program.ts';
const ENTRY = 'entry of the snapshot';
/** Loaded from the disk of the machine that makes the snapshot, or by the process that needs it. */
const EXTERNAL = /^(node:|@tensorflow\/|webgpu$)/;

/** How every build reads the harness. */
const COMMON = {
  external: EXTERNAL,
  platform: 'node',
  treeshake: false,
  // Such as an import that leads nowhere.
  onLog: (_level, { message }) => {
    throw new Error(message);
  },
} satisfies RolldownOptions;

/**
 * The harness's modules that a process or a fault imports, as paths within the harness. What is imported only when it is
 * needed, such as the gate that a test starts, is loaded from the disk then.
 */
async function modulesOf(harness: string): Promise<string[]> {
  const faults = globSync('faults/*/*.ts', { cwd: harness }).filter((file) => !file.endsWith('.test.ts'));
  const entries = [PROGRAM, 'index.ts', ...faults];
  const build = await rolldown({ ...COMMON, input: entries.map((file) => path.join(harness, file)) });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  const chunks = new Map(output.flatMap((part) => (part.type === 'chunk' ? [[part.fileName, part]] : [])));
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const own of chunks.get(name)?.imports ?? []) reach(own);
  };
  for (const { fileName, isEntry } of chunks.values()) if (isEntry) reach(fileName);
  return [...new Set([...reached].flatMap((name) => chunks.get(name)?.moduleIds ?? []))]
    .map((file) => path.relative(harness, file))
    .filter((file) => !/^\.\.|^run\/snapshot\/|^faults\/.+\//.test(file.replaceAll('\\', '/')))
    .sort();
}

/**
 * Bundles the harness's source.
 * @param harness its folder
 * @param extension of its modules where the program runs: `.ts`, or `.js` if they are compiled
 * @returns the program, and the files that it is made of
 */
export async function bundleProgram(
  harness: string,
  extension: string,
): Promise<{ code: string; files: readonly string[] }> {
  const nameOf = (file: string): string => file.replace(/\.ts$/, extension);
  const modules = await modulesOf(harness);
  const entry = [
    `import { begin } from ${JSON.stringify(path.join(harness, PROGRAM))};`,
    ...modules.map(
      (file, index) => `import * as _${index} from ${JSON.stringify(path.join(harness, file))};`,
    ),
    `begin({ ${modules.map((file, index) => `${JSON.stringify(nameOf(file))}: _${index}`).join(', ')} }, $lent);`,
  ].join('\n');
  /** Where the module is on the machine that runs it, `$meta` knows. */
  const withOwnMeta = (code: string, file: string): string | undefined => {
    const name = path.relative(harness, file);
    if (name.startsWith('..')) return undefined;
    const { module } = parseSync(file, code);
    const meta = `$meta(${JSON.stringify(nameOf(name))})`;
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
      .reduce((text, { start, end, text: own }) => text.slice(0, start) + own + text.slice(end), code);
  };
  const build = await rolldown({
    ...COMMON,
    input: ENTRY,
    plugins: [
      {
        name: 'snapshot',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? entry : null),
        transform: withOwnMeta,
      },
    ],
  });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  const [{ code, moduleIds }] = output;
  return { code, files: moduleIds.filter((id) => path.isAbsolute(id)) };
}

/** Measures the CPU time of a short process of a scenario, started from the snapshot and without, and of Node alone. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { CACHES, STRIPPING } from '../../harness/run/caches.ts';
import { nodeArguments } from '../../harness/run/snapshot/arguments.ts';
import { currentSnapshot } from '../../harness/run/snapshot/snapshot.ts';
import { median } from './figures.ts';
import { controlJob } from './job.ts';

const root = path.join(import.meta.dirname, '..', '..');
const CHILD = path.join(root, 'harness', 'run', 'child.ts');
const SCENARIO = 'frozen-layers';
const PLAN = { steps: 4, resumeAt: [2] };

export interface ShortCost {
  /** Medians in milliseconds of CPU, user and system. */
  readonly node: number;
  readonly without: number;
  readonly snapshot: number;
}

/** @throws {Error} when there is no snapshot, or a process fails */
export async function measureShort(rounds: number): Promise<ShortCost> {
  const made = await currentSnapshot();
  if ('problem' in made) throw new Error(made.problem);
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const usage = path.join(folder, 'usage');
    const tell = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(usage)}, JSON.stringify(process.cpuUsage())));`;
    const file = path.join(folder, `${SCENARIO}.ts`);
    const lines = [
      "import { createRequire } from 'node:module';",
      `export { default } from ${JSON.stringify(path.join(root, 'scenarios', `${SCENARIO}.ts`))};`,
      'const require = createRequire(import.meta.url);',
      tell,
    ];
    await writeFile(file, lines.join('\n'));
    const start = async (...args: readonly string[]): Promise<number> => {
      await execa(process.execPath, ['--no-warnings', ...args], {
        env: CACHES,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      });
      const { user, system } = JSON.parse(await readFile(usage, 'utf8')) as NodeJS.CpuUsage;
      await rm(usage);
      await rm(run, { recursive: true, force: true });
      return (user + system) / 1000;
    };
    const run = path.join(folder, 'run');
    const job = JSON.stringify(
      controlJob({ scenario: SCENARIO, file, plan: PLAN, backend: 'wasm', folder: run }),
    );
    const ways = {
      node: ['--eval', tell],
      without: [STRIPPING, CHILD, job],
      snapshot: [...(await nodeArguments(CHILD)), job],
    };
    const measured: Record<keyof typeof ways, number[]> = { node: [], without: [], snapshot: [] };
    // The first start of each fills the caches.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [way, args] of Object.entries(ways)) {
        const milliseconds = await start(...args);
        if (round > 0) measured[way as keyof typeof ways].push(milliseconds);
      }
    }
    return {
      node: median(measured.node),
      without: median(measured.without),
      snapshot: median(measured.snapshot),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Compares save and load with a plain copy on the same disk: `node harness/checkpoint/checkpoint.bench.ts`. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { TensorData } from './safetensors.ts';

export interface CheckpointFigures {
  readonly bytes: number;
  /** Median of all rounds, in 10^6 bytes per second. */
  readonly saveMBps: number;
  readonly loadMBps: number;
  /** Write and sync without hashing. */
  readonly copyMBps: number;
  /** Read into memory without hashing. Load and read both hit the page cache. */
  readonly readMBps: number;
}

/** @param root a directory on the disk to measure; the system's temporary directory by default */
export async function benchCheckpoint(root = tmpdir(), rounds = 5): Promise<CheckpointFigures> {
  const folder = await mkdtemp(join(root, 'checkpoint-bench-'));
  try {
    const tensors = { model: weights(100), optimizer: weights(100) };
    const state = { format: 1, step: 1, schedules: {}, optimizers: {}, random: {}, data: {} } as const;
    const seconds = { save: [], load: [], copy: [], read: [] } as Record<string, number[]>;
    const time = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      seconds[what]!.push((performance.now() - start) / 1000);
      return result;
    };
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      const saved = join(folder, 'saved');
      const copy = join(folder, 'copy');
      ({ bytes } = await time('save', () => saveCheckpoint(saved, { tensors, state })));
      const files = ['model.safetensors', 'optimizer.safetensors'].map((file) => join(saved, file));
      await time('load', () => loadCheckpoint(saved));
      const data = await time('read', async () => [await readFile(files[0]!), await readFile(files[1]!)]);
      await time('copy', () => writePlainly(copy, data));
      await rm(saved, { recursive: true });
      await rm(copy);
    }
    const rate = (what: string) => Math.round(bytes / 1e6 / median(seconds[what]!));
    const [saveMBps, loadMBps, copyMBps, readMBps] = [rate('save'), rate('load'), rate('copy'), rate('read')];
    return { bytes, saveMBps, loadMBps, copyMBps, readMBps };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writePlainly(path: string, data: Buffer[]): Promise<void> {
  const handle = await open(path, 'wx');
  for (const bytes of data) await handle.writeFile(bytes);
  await handle.sync();
  await handle.close();
}

/** About `megabytes` of 4 MB matrices, each with a bias, as in a network. */
function weights(megabytes: number): Map<string, TensorData> {
  const tensors = new Map<string, TensorData>();
  for (let layer = 0; layer < megabytes / 4; layer++) {
    const weight = Float32Array.from({ length: 1000 * 1000 }, (_, i) => Math.sin(i + layer));
    tensors.set(`layers.${layer}.weight`, {
      dtype: 'F32',
      shape: [1000, 1000],
      bytes: new Uint8Array(weight.buffer),
    });
    tensors.set(`layers.${layer}.bias`, { dtype: 'F32', shape: [1000], bytes: new Uint8Array(4000) });
  }
  return tensors;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(await benchCheckpoint(), null, 2)}\n`);
}

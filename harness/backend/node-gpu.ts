/**
 * Runs libtensorflow through the optional package @tensorflow/tfjs-node-gpu 4.22.0. It uses CUDA if it finds a device
 * and the CPU if not; the record says which. Importing the package registers the backend 'tensorflow' and activates it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../trace/schema.ts';
import { setupNodeGpu } from './command.ts';
import { BackendError, oneLine } from './error.ts';
import {
  activate,
  assertBackendStill,
  isAbsent,
  type OpenedBackend,
  type OpenRequest,
  versionsOf,
} from './opened.ts';

// Typed as string so that TypeScript does not resolve a package that may be absent.
const PACKAGE: string = '@tensorflow/tfjs-node-gpu';
/** Later versions lack util.isNullOrUndefined and similar functions that tfjs-node calls. */
const LAST_NODE = 22;

interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

export async function openNodeGpu({ requested, hardwareOnly }: OpenRequest): Promise<OpenedBackend> {
  const loaded = await load();
  if (loaded.engine() !== tf.engine() || loaded.Tensor !== tf.Tensor) {
    throw new BackendError(
      'two-engines',
      `${PACKAGE} loads its own copy of tfjs-core ${loaded.version_core}, but the trainer uses ${tf.version_core}; the two cannot share tensors`,
      'npm dedupe',
    );
  }
  await activate('node-gpu', 'libtensorflow');
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend;
  const library = `libtensorflow ${binding.TF_Version}`;
  if (hardwareOnly && !isUsingGpuDevice) {
    throw new BackendError('gpu-required', `node-gpu has no CUDA device; ${library} runs on the CPU`);
  }
  const card = isUsingGpuDevice ? await readCard() : undefined;
  const record: BackendRecord = {
    requested,
    name: 'node-gpu',
    adapter: isUsingGpuDevice ? `${card?.name ?? 'CUDA device'} (${library})` : `CPU (${library})`,
    driver: card?.driver ?? null,
    hardware: isUsingGpuDevice,
    deterministic: false,
    versions: { ...versionsOf(PACKAGE), libtensorflow: binding.TF_Version },
  };
  return {
    record,
    lost: new Promise(() => {}),
    assertStillActive: () => assertBackendStill(record),
    // libtensorflow frees the device when the process exits and does not keep the process alive.
    close: async () => {},
  };
}

async function load(): Promise<Pick<typeof tf, 'engine' | 'Tensor' | 'version_core'>> {
  const major = Number(process.versions.node.split('.')[0]);
  // By default libtensorflow takes all GPU memory, but several runs share the GPU.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  try {
    const loaded = await import(PACKAGE);
    if (major > LAST_NODE) {
      throw new BackendError(
        'failed',
        `${PACKAGE} 4.22.0 breaks on Node ${major}; it needs Node ${LAST_NODE}`,
        `npm install --save-dev node@${LAST_NODE}`,
      );
    }
    return loaded;
  } catch (error) {
    if (error instanceof BackendError) throw error;
    if (isAbsent(error, PACKAGE)) {
      throw new BackendError('not-installed', `node-gpu needs the package ${PACKAGE}`, setupNodeGpu());
    }
    const why = /addon module.*not be found/.test(oneLine(error))
      ? 'its native addon is missing because its download or build failed'
      : oneLine(error);
    throw new BackendError('not-installed', `${PACKAGE} cannot be loaded: ${why}`, setupNodeGpu());
  }
}

/** Reads the GPU's name and driver from nvidia-smi; undefined if it does not answer. */
async function readCard(): Promise<{ name: string; driver: string } | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=name,driver_version', '--format=csv,noheader'],
      { timeout: 5000 },
    );
    const cards = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(', '));
    const names = [...new Set(cards.map(([name]) => name))].join(' or ');
    return { name: `CUDA, ${names}`, driver: `NVIDIA ${cards[0]?.[1]}` };
  } catch {
    return undefined;
  }
}

/** What every opener shares: the handle it returns, and making TensorFlow.js use one backend and no other. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../trace/schema.ts';
import { BackendError, oneLine } from './error.ts';
import type { BackendName } from './names.ts';

/** An open backend, as {@link openBackend} returns it. */
export interface OpenedBackend {
  /** The device, its driver and the versions of the packages, as a trace records them. */
  readonly record: BackendRecord;
  /**
   * Resolves with the reason once results can no longer be trusted: the device was lost, ran out of memory or
   * reported an error that no call caught. Never resolves on node-gpu, wasm and cpu, which throw instead.
   */
  readonly lost: Promise<string>;
  /** Throws BackendError 'changed' if the backend is no longer the one opened, or `lost` has resolved. */
  assertStillActive(): void;
  /** Frees the device, so that the process can exit by itself. Tensors of the backend are gone afterwards. */
  close(): Promise<void>;
}

/**
 * Wraps work on the backend: it fails as soon as the device is lost, whatever the work itself still waits for.
 */
export function untilLost(backend: Pick<OpenedBackend, 'lost'>): <T>(work: Promise<T>) => Promise<T> {
  const lost = backend.lost.then((reason) => Promise.reject(new Error(`the device was lost: ${reason}`)));
  // Nobody may be waiting when it is.
  lost.catch(() => {});
  return (work) => Promise.race([work, lost]);
}

export interface OpenRequest {
  readonly requested: string;
  /** Refuse a device that is not a hardware GPU, as early as that is known. */
  readonly hardwareOnly: boolean;
}

/** The name under which TensorFlow.js registers a backend. */
export function tfjsName(name: string): string {
  return name === 'node-gpu' ? 'tensorflow' : name;
}

/** The active backend by our names; undefined before one is set. */
export function currentBackend(): string | undefined {
  const active = tf.getBackend();
  return active === 'tensorflow' ? 'node-gpu' : (active ?? undefined);
}

/** Throws BackendError 'changed' unless the active backend is the one on record. */
export function assertBackendStill(record: Pick<BackendRecord, 'name'>): void {
  const active = currentBackend();
  if (active !== record.name) {
    throw new BackendError(
      'changed',
      `the run was opened on ${record.name} and TensorFlow.js is on ${active ?? 'no backend'} now`,
    );
  }
}

/** Makes TensorFlow.js use the backend. Throws BackendError 'failed' with the backend's own reason. */
export async function activate(name: BackendName, adapter: string): Promise<void> {
  const registered = tfjsName(name);
  let why = 'no reason was given';
  try {
    if (await tf.setBackend(registered)) {
      await tf.ready();
      return await registerGradients();
    }
    // setBackend only warns of what the factory threw, so it is asked once more.
    await tf.findBackendFactory(registered)?.();
  } catch (error) {
    if (error instanceof BackendError) throw error;
    why = oneLine(error);
  }
  throw new BackendError('failed', `${name} would not start on ${adapter}: ${why}`);
}

/** In Node tfjs-core comes without a single gradient; the packages above it register them as they load. */
async function registerGradients(): Promise<void> {
  if (tf.getGradient('Sum') !== undefined) return;
  await import('@tensorflow/tfjs-layers');
  if (tf.getGradient('Sum') === undefined) {
    throw new BackendError(
      'two-engines',
      `@tensorflow/tfjs-layers brings its own tfjs-core beside the trainer's ${tf.version_core}, so its gradients are unknown here`,
      'npm dedupe',
    );
  }
}

/** Whether the import failed because the package itself is absent, not something inside it. */
export function isAbsent(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${name}'`);
}

const require = createRequire(import.meta.url);

/** Versions of node, tfjs-core and the packages named, by package name without scope. */
export function versionsOf(...packages: string[]): Record<string, string> {
  const versions: Record<string, string> = { node: process.versions.node, 'tfjs-core': tf.version_core };
  for (const name of packages) {
    const { version } = require(`${name}/package.json`) as { version: string };
    versions[name.replace(/^@tensorflow\//, '')] = version;
  }
  return versions;
}

/** Shared by all openers: the handle they return, and activating a backend in TensorFlow.js. */
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
   * reported an uncaught error. Never resolves on node-gpu, wasm and cpu, which throw instead.
   */
  readonly lost: Promise<string>;
  /** Throws BackendError 'changed' if another backend is active now or `lost` has resolved. */
  assertStillActive(): void;
  /** Frees the device so that the process can exit on its own. The backend's tensors are lost. */
  close(): Promise<void>;
}

/**
 * Wraps work on the backend: rejects as soon as the device is lost, even if the work itself still waits.
 */
export function untilLost(backend: Pick<OpenedBackend, 'lost'>): <T>(work: Promise<T>) => Promise<T> {
  const lost = backend.lost.then((reason) => Promise.reject(new Error(`the device was lost: ${reason}`)));
  // Prevents an unhandled rejection if nothing waits on it.
  lost.catch(() => {});
  return (work) => Promise.race([work, lost]);
}

export interface OpenRequest {
  readonly requested: string;
  /** Refuse a device that is not a hardware GPU as early as possible. */
  readonly hardwareOnly: boolean;
}

/** The name under which TensorFlow.js registers a backend. */
export function tfjsName(name: string): string {
  return name === 'node-gpu' ? 'tensorflow' : name;
}

/** The active backend by its name in BACKENDS; undefined before one is set. */
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
      `the run was opened on ${record.name}, but TensorFlow.js now uses ${active ?? 'no backend'}`,
    );
  }
}

/** Makes TensorFlow.js use the backend. Throws BackendError 'failed' with the backend's own reason. */
export async function activate(name: BackendName, adapter: string): Promise<void> {
  const registered = tfjsName(name);
  let why = 'it gave no reason';
  try {
    if (await tf.setBackend(registered)) {
      await tf.ready();
      return await registerGradients();
    }
    // setBackend only logs what the factory threw, so call it again to get the error.
    await tf.findBackendFactory(registered)?.();
  } catch (error) {
    if (error instanceof BackendError) throw error;
    why = oneLine(error);
  }
  throw new BackendError('failed', `${name} failed to start on ${adapter}: ${why}`);
}

/** In Node, tfjs-core registers no gradients. tfjs-layers registers them when it loads. */
async function registerGradients(): Promise<void> {
  if (tf.getGradient('Sum') !== undefined) return;
  await import('@tensorflow/tfjs-layers');
  if (tf.getGradient('Sum') === undefined) {
    throw new BackendError(
      'two-engines',
      `@tensorflow/tfjs-layers loads its own copy of tfjs-core, but the trainer uses ${tf.version_core}; its gradients are missing there`,
      'npm dedupe',
    );
  }
}

/** Whether the import failed because the package itself is absent, not one of its imports. */
export function isAbsent(error: unknown, name: string): boolean {
  const { code, message, data } = error as NodeJS.ErrnoException & {
    // Of Yarn's Plug'n'Play.
    readonly data?: { readonly dependencyName?: string };
  };
  const isNamed = message.includes(`'${name}'`) || data?.dependencyName === name;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && isNamed;
}

const require = createRequire(import.meta.url);

/** Versions of Node, tfjs-core and the given packages, by package name without @tensorflow/. */
export function versionsOf(...packages: string[]): Record<string, string> {
  const versions: Record<string, string> = { node: process.versions.node, 'tfjs-core': tf.version_core };
  for (const name of packages) {
    const { version } = require(`${name}/package.json`) as { version: string };
    versions[name.replace(/^@tensorflow\//, '')] = version;
  }
  return versions;
}

/** What a process does that is started from the snapshot. */
import './jitless.ts';
import path from 'node:path';
import { startupSnapshot } from 'node:v8';
import * as tf from '@tensorflow/tfjs-core';
import { runVerification } from '../../verify/run-verification.ts';
import { inspectFiles } from '../inspect-files.ts';
import { runOwnJob } from '../run-job.ts';
import { stripOnce } from '../stripping.mjs';
import { gather, handOut } from './hand-out.ts';

/** What boot.cjs lends the program. */
export interface Lent {
  /** The harness's folder. */
  readonly harness: string;
  /** The file of each package in the snapshot, by name. */
  readonly packages: Readonly<Record<string, string>>;
  readonly load: (name: string) => object;
}

/** By the module that is started without a snapshot. */
const WORK: Readonly<Record<string, () => Promise<void>>> = {
  child: runOwnJob,
  'inspect-process': inspectFiles,
  'verify-process': runVerification,
  trial,
};

/** Their code runs before the snapshot is made. */
const LAYERS = '@tensorflow/tfjs-layers';
/** The packages of backends by the name that they register. */
const BACKENDS = { wasm: '@tensorflow/tfjs-backend-wasm', cpu: '@tensorflow/tfjs-backend-cpu' };

/** Node's exit code of a process that waits for what never comes. */
const UNSETTLED = 13;

/** @param modules the harness's modules in the snapshot, by their path in the harness */
export function begin(modules: Readonly<Record<string, object>>, { harness, packages, load }: Lent): void {
  load(LAYERS);
  const register = new Map(
    Object.entries(BACKENDS).map(([backend, name]) => [name, putOff(backend, () => load(name))]),
  );
  const given = gather(
    new Map(Object.entries(modules).map(([name, module]) => [path.join(harness, name), module])),
    new Map(
      Object.entries(packages).map(([name, file]) => [
        file,
        () => {
          register.get(name)?.();
          return load(name);
        },
      ]),
    ),
  );
  startupSnapshot.setDeserializeMainFunction(() => {
    forgetBlob();
    stripOnce();
    handOut(given);
    void work(path.parse(process.argv[1]!).name);
  });
}

/** Loads a backend's package, but registers the backend only when it is asked to: when the package is imported. */
function putOff(name: string, load: () => void): () => void {
  load();
  const { factory, priority } = tf.engine().registryFactory[name]!;
  tf.removeBackend(name);
  let registered = false;
  return () => {
    if (!registered) tf.registerBackend(name, factory, priority);
    registered = true;
  };
}

/** What the process forks gets its options, and is no process of the harness. */
function forgetBlob(): void {
  const at = process.execArgv.indexOf('--snapshot-blob');
  process.execArgv.splice(at, 2);
}

/** Ends as a module does that awaits at its top level. */
async function work(name: string): Promise<void> {
  const unsettled = (): void => {
    process.exitCode ??= UNSETTLED;
  };
  process.once('beforeExit', unsettled);
  await WORK[name]!();
  process.off('beforeExit', unsettled);
}

/** Shows that an import finds the snapshot's own modules. */
async function trial(): Promise<void> {
  const { engine } = await import('@tensorflow/tfjs-core');
  if (engine() !== tf.engine()) throw new Error('there are two engines');
}

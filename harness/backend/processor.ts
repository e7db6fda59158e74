/** Opens wasm and cpu, the backends that run on the processor of any machine. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../trace/schema.ts';
import { activate, assertBackendStill, type OpenedBackend, type OpenRequest, versionsOf } from './opened.ts';

export async function openWasm({ requested }: OpenRequest): Promise<OpenedBackend> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  // Threads may add the parts of a sum in a different order each time.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setThreadsCount(1);
  await activate('wasm', 'the processor');
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const threads = wasm.getThreadsCount();
  return onProcessor({
    requested,
    name: 'wasm',
    adapter: `CPU, WebAssembly${simd ? ' SIMD' : ''}, ${threads} thread${threads === 1 ? '' : 's'}`,
    driver: null,
    hardware: false,
    deterministic: threads === 1,
    versions: versionsOf('@tensorflow/tfjs-backend-wasm'),
  });
}

export async function openCpu({ requested }: OpenRequest): Promise<OpenedBackend> {
  await import('@tensorflow/tfjs-backend-cpu');
  await activate('cpu', 'the processor');
  return onProcessor({
    requested,
    name: 'cpu',
    adapter: 'CPU, JavaScript, 1 thread',
    driver: null,
    hardware: false,
    deterministic: true,
    versions: versionsOf('@tensorflow/tfjs-backend-cpu'),
  });
}

function onProcessor(record: BackendRecord): OpenedBackend {
  return {
    record,
    lost: new Promise(() => {}),
    assertStillActive: () => assertBackendStill(record),
    // Neither backend outlives the process or keeps it alive.
    close: async () => {},
  };
}

/** Opens a TensorFlow.js backend and records what it really got. */
import * as tf from '@tensorflow/tfjs-core';
import { command } from './command.ts';
import { BackendError } from './error.ts';
import { BACKENDS, type BackendName, onProcessor } from './names.ts';
import { openNodeGpu } from './node-gpu.ts';
import { type OpenedBackend, type OpenRequest, tfjsName } from './opened.ts';
import { openCpu, openWasm } from './processor.ts';
import { openWebgpu } from './webgpu.ts';

export { BackendError, type BackendErrorCode } from './error.ts';
export { type OpenedBackend, untilLost } from './opened.ts';

/** Options of {@link openBackend}. */
export interface OpenOptions {
  /** Throw BackendError 'gpu-required' unless a hardware GPU was opened; false by default. */
  readonly requireGpu?: boolean;
}

const OPENERS: Record<BackendName, (request: OpenRequest) => Promise<OpenedBackend>> = {
  'node-gpu': openNodeGpu,
  webgpu: openWebgpu,
  wasm: openWasm,
  cpu: openCpu,
};

/**
 * Opens a backend and makes it TensorFlow.js' active one. `auto` opens a hardware GPU through node-gpu or, failing
 * that, webgpu; without a hardware GPU it opens wasm. `auto` never opens a software adapter or cpu. A backend
 * requested by name is opened or refused, never replaced. A process opens one backend at a time.
 *
 * @param requested `auto`, `node-gpu`, `webgpu`, `wasm` or `cpu`
 * @throws {@link BackendError} with a one-line message: what failed, why, and the command that fixes it
 * @example
 * ```ts
 * import { openBackend } from 'resumeproof';
 *
 * const backend = await openBackend('wasm');
 * console.log(backend.record.adapter);
 * await backend.close();
 * ```
 */
export async function openBackend(requested: string, options: OpenOptions = {}): Promise<OpenedBackend> {
  const { requireGpu = false } = options;
  if (requested === 'auto') return openAuto(requireGpu);
  if (!isBackendName(requested)) {
    throw new BackendError(
      'unknown-backend',
      `unknown backend '${requested}'; use one of auto, ${BACKENDS.join(', ')}`,
    );
  }
  if (!requireGpu) return OPENERS[requested]({ requested, hardwareOnly: false });
  if (onProcessor(requested)) {
    throw gpuRequired(`${requested} runs on the CPU`);
  }
  try {
    return await OPENERS[requested]({ requested, hardwareOnly: true });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw gpuRequired(error.problem, error.fix);
  }
}

async function openAuto(requireGpu: boolean): Promise<OpenedBackend> {
  const refusals: string[] = [];
  for (const name of ['node-gpu', 'webgpu'] as const) {
    try {
      return await OPENERS[name]({ requested: 'auto', hardwareOnly: true });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      refusals.push(error.problem);
    }
  }
  if (requireGpu) throw gpuRequired(refusals.join('; '));
  return openWasm({ requested: 'auto', hardwareOnly: false });
}

function gpuRequired(why: string, fix: string | null = null): BackendError {
  return new BackendError('gpu-required', `a hardware GPU is required: ${why}`, fix ?? `${command()} doctor`);
}

function isBackendName(name: string): name is BackendName {
  return (BACKENDS as readonly string[]).includes(name);
}

/** Returns the kernels that the open backend lacks, by TensorFlow.js' names, such as 'Conv2DBackpropFilter'. */
export function missingKernels(backendName: string, kernels: readonly string[]): string[] {
  return kernels.filter((kernel) => tf.getKernel(kernel, tfjsName(backendName)) == null);
}

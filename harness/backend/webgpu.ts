/** WebGPU in Node: TensorFlow.js' webgpu backend on Dawn from the npm package `webgpu`. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../trace/schema.ts';
import { BackendError, oneLine } from './error.ts';
import {
  activate,
  assertBackendStill,
  isAbsent,
  type OpenedBackend,
  type OpenRequest,
  versionsOf,
} from './opened.ts';
import { findSwiftshader } from './swiftshader.ts';
import { explainNoAdapter, nvidiaDrivers } from './vulkan.ts';

type Dawn = typeof import('webgpu');

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b/i;
/**
 * SwiftShader unrolls the zeroing of workgroup memory value by value, which dominates the compile time of a matrix
 * product. Dawn's own zeroing is a loop with the same result.
 */
const FOR_SWIFTSHADER = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];

export async function openWebgpu({ requested, hardwareOnly }: OpenRequest): Promise<OpenedBackend> {
  const dawn = await loadDawn();
  const gpu = await findGpu(dawn, !hardwareOnly);
  Object.assign(globalThis, dawn.globals);
  // The backend registers itself only if navigator.gpu exists when it is imported.
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
    // By default, small tensors are computed on the CPU, which would not test the GPU.
    tf.env().set('WEBGPU_CPU_FORWARD', false);
    await activate('webgpu', 'the adapter that was found');
  } catch (error) {
    releaseGpu();
    throw error;
  }
  return openedOn((tf.backend() as unknown as { device: GPUDevice }).device, requested);
}

async function loadDawn(): Promise<Dawn> {
  try {
    return await import('webgpu');
  } catch (error) {
    if (isAbsent(error, 'webgpu')) {
      throw new BackendError('not-installed', 'webgpu needs the package webgpu', 'npm install webgpu');
    }
    throw new BackendError('not-installed', `the package webgpu cannot be loaded: ${oneLine(error)}`);
  }
}

/**
 * Creates a Dawn instance that has an adapter. Tries the loader's choice, then NVIDIA's driver if the loader misses it,
 * then SwiftShader. If the user names a driver, tries only that one.
 * @throws BackendError 'no-adapter', or 'gpu-required' if there is only a software adapter
 */
async function findGpu(dawn: Dawn, softwareToo: boolean): Promise<GPU> {
  const named = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  let found = await createWith(dawn);
  for (const driver of named ? [] : nvidiaDrivers()) {
    if (found?.hardware) break;
    found = (await createWith(dawn, driver)) ?? found;
  }
  if (found === undefined && !named && softwareToo) {
    const swiftshader = findSwiftshader();
    if (swiftshader !== undefined) found = await createWith(dawn, swiftshader, FOR_SWIFTSHADER);
  }
  if (found !== undefined && (softwareToo || found.hardware)) return found.gpu;
  if (found !== undefined) {
    throw new BackendError('gpu-required', `webgpu has only a software adapter, ${found.name}`);
  }
  if (named) {
    throw new BackendError(
      'no-adapter',
      `webgpu finds no adapter with the Vulkan driver file ${named}`,
      'unset VK_DRIVER_FILES VK_ICD_FILENAMES',
    );
  }
  const { problem, fix } = explainNoAdapter(softwareToo);
  throw new BackendError('no-adapter', `webgpu finds no adapter: ${problem}`, fix);
}

interface FoundGpu {
  readonly gpu: GPU;
  readonly hardware: boolean;
  readonly name: string;
}

/** @param driver a Vulkan driver file; the loader chooses if undefined */
async function createWith(dawn: Dawn, driver?: string, flags: string[] = []): Promise<FoundGpu | undefined> {
  const before = process.env.VK_DRIVER_FILES;
  // Vulkan reads the variable when the instance is created. Child processes must not inherit it.
  if (driver !== undefined) process.env.VK_DRIVER_FILES = driver;
  try {
    const gpu = dawn.create(flags);
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) return undefined;
    return { gpu, hardware: isHardware(adapter.info), name: nameOf(adapter.info) };
  } finally {
    if (before === undefined) delete process.env.VK_DRIVER_FILES;
    else process.env.VK_DRIVER_FILES = before;
  }
}

/** True only if the adapter reports that it is not a fallback and nothing in its info names a software renderer. */
function isHardware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter === false && !SOFTWARE.test(`${nameOf(info)} ${info.description}`);
}

function nameOf({ vendor, architecture, device }: GPUAdapterInfo): string {
  return [vendor, architecture, device].filter((part) => part !== '').join(' ') || 'unnamed adapter';
}

function openedOn(device: GPUDevice, requested: string): OpenedBackend {
  const info = device.adapterInfo;
  const record: BackendRecord = {
    requested,
    name: 'webgpu',
    adapter: nameOf(info),
    driver: info.description || null,
    hardware: isHardware(info),
    deterministic: false,
    versions: versionsOf('@tensorflow/tfjs-backend-webgpu', 'webgpu'),
  };
  let closed = false;
  let failure: string | undefined;
  const lost = new Promise<string>((resolve) => {
    const fail = (reason: string): void => {
      if (closed) return;
      failure ??= reason;
      resolve(failure);
    };
    device.addEventListener('uncapturederror', ({ error }) => {
      const kind = error instanceof GPUOutOfMemoryError ? 'out of memory' : 'error on the device';
      fail(`${kind}: ${oneLine(error.message)}`);
    });
    void device.lost.then(({ reason, message }) => fail(`${reason}: ${oneLine(message)}`));
  });
  return {
    record,
    lost,
    assertStillActive() {
      assertBackendStill(record);
      if (failure !== undefined)
        throw new BackendError('changed', `the webgpu device failed during the run: ${failure}`);
      if (tf.env().getBool('WEBGPU_CPU_FORWARD')) {
        throw new BackendError(
          'changed',
          'WEBGPU_CPU_FORWARD was set during the run: kernels may have run on the CPU',
        );
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      // removeBackend disposes the backend. Registering it again lets the process reopen it.
      const factory = tf.findBackendFactory('webgpu');
      tf.removeBackend('webgpu');
      tf.registerBackend('webgpu', factory, 3);
      device.destroy();
      releaseGpu();
    },
  };
}

/** Per its README, Dawn may keep the process alive while its instance is referenced (0.6.2 does not). */
function releaseGpu(): void {
  Reflect.deleteProperty(navigator, 'gpu');
}

/** WebGPU in Node: Dawn from the npm package `webgpu`, under TensorFlow.js' webgpu backend. */
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
 * SwiftShader writes out the clearing of a work group's memory value by value, which takes it most of the compiling of
 * a product of matrices. Dawn's own clearing is a loop, and does the same.
 */
const FOR_SWIFTSHADER = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];

export async function openWebgpu({ requested, hardwareOnly }: OpenRequest): Promise<OpenedBackend> {
  const dawn = await loadDawn();
  const gpu = await findGpu(dawn, !hardwareOnly);
  Object.assign(globalThis, dawn.globals);
  // The backend registers itself only if it finds this when it is imported.
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
    // Small tensors would be computed on the processor, and the GPU would have shown nothing.
    tf.env().set('WEBGPU_CPU_FORWARD', false);
    await activate('webgpu', 'the adapter found');
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
 * A Dawn instance that has an adapter: the loader's own choice, else NVIDIA's driver where the loader does not see
 * it, else SwiftShader. A driver that the user names is the only one tried.
 * @throws BackendError 'no-adapter', or 'gpu-required' if only software is there
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

/** @param driver Vulkan's driver file; the loader's own choice if undefined */
async function createWith(dawn: Dawn, driver?: string, flags: string[] = []): Promise<FoundGpu | undefined> {
  const before = process.env.VK_DRIVER_FILES;
  // Vulkan reads it when the instance is made; it must not reach child processes.
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

/** True only for an adapter that says it is no fallback and bears no software renderer's name. */
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
      if (failure !== undefined) throw new BackendError('changed', `webgpu did not stay sound: ${failure}`);
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
      // Disposes the backend; registered again, so that the process may open it once more.
      const factory = tf.findBackendFactory('webgpu');
      tf.removeBackend('webgpu');
      tf.registerBackend('webgpu', factory, 3);
      device.destroy();
      releaseGpu();
    },
  };
}

/** Its README: Dawn may keep the process alive as long as its instance is referred to (0.6.2 was seen not to). */
function releaseGpu(): void {
  Reflect.deleteProperty(navigator, 'gpu');
}

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

type Dawn = typeof import('webgpu');

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b/i;
/**
 * SwiftShader writes out the clearing of a work group's memory value by value, which takes it most of the compiling of
 * a product of matrices. Dawn's own clearing is a loop, and does the same.
 */
const FOR_SWIFTSHADER = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];
const BRING_ADAPTER = 'sudo apt-get install libvulkan1 chromium-common';

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

/** A Dawn instance that has an adapter. Throws BackendError 'no-adapter', or 'gpu-required' if only software is there. */
async function findGpu(dawn: Dawn, softwareToo: boolean): Promise<GPU> {
  let gpu = dawn.create([]);
  let adapter = await bestAdapter(gpu);
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (adapter === null && softwareToo && !VK_DRIVER_FILES && !VK_ICD_FILENAMES) {
    const driver = findSwiftshader();
    if (driver !== undefined) {
      // Vulkan reads it when the instance is made; it must not reach child processes.
      process.env.VK_DRIVER_FILES = driver;
      try {
        gpu = dawn.create(FOR_SWIFTSHADER);
        adapter = await bestAdapter(gpu);
      } finally {
        if (VK_DRIVER_FILES === undefined) delete process.env.VK_DRIVER_FILES;
        else process.env.VK_DRIVER_FILES = VK_DRIVER_FILES;
      }
    }
  }
  if (adapter === null) {
    const setting = VK_DRIVER_FILES || VK_ICD_FILENAMES;
    throw setting
      ? new BackendError(
          'no-adapter',
          `webgpu finds no adapter with the Vulkan driver file ${setting}`,
          'unset VK_DRIVER_FILES VK_ICD_FILENAMES',
        )
      : new BackendError(
          'no-adapter',
          'webgpu finds no adapter: no usable GPU driver is installed',
          BRING_ADAPTER,
        );
  }
  if (!softwareToo && !isHardware(adapter.info)) {
    throw new BackendError('gpu-required', `webgpu has only a software adapter, ${nameOf(adapter.info)}`);
  }
  return gpu;
}

function bestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  return gpu.requestAdapter({ powerPreference: 'high-performance' });
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

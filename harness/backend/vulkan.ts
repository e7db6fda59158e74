/** Finds Vulkan drivers that the loader misses, and explains why no driver works. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneLine } from './error.ts';

export interface Explanation {
  /** What is missing or broken, without the fix; one line. */
  readonly problem: string;
  readonly fix: string | null;
}

/** Folders where NVIDIA's driver file has been seen: USUAL is searched by the loader, UNUSUAL is not. */
const USUAL = ['usr/share/vulkan/icd.d', 'etc/vulkan/icd.d'];
const UNUSUAL = [
  'usr/local/nvidia/share/vulkan/icd.d',
  'usr/local/nvidia/vulkan/icd.d',
  'usr/local/nvidia',
  'usr/share/nvidia',
  'run/opengl-driver/share/vulkan/icd.d',
];

/** Loads NVIDIA's driver by its EGL library. Its GLX library needs X11 and libEGL.so.1, the EGL library does not. */
const THROUGH_EGL = fileURLToPath(new URL('nvidia-egl-icd.json', import.meta.url));

const hasNvidia = (root: string): boolean => existsSync(path.join(root, 'proc/driver/nvidia/version'));

/**
 * Driver files to try in order if the loader finds no GPU; none if NVIDIA's kernel module is not loaded. On a headless
 * H200, the loader found NVIDIA's file, but its GLX library offered no GPU because libEGL.so.1 was missing. The EGL
 * library offered the GPU.
 * @param root replaces `/`
 */
export function nvidiaDrivers(root = '/'): string[] {
  if (!hasNvidia(root)) return [];
  const unseen = findDriver(root, USUAL) === undefined ? findDriver(root, UNUSUAL) : undefined;
  return unseen === undefined ? [THROUGH_EGL] : [unseen, THROUGH_EGL];
}

/** Returns NVIDIA's driver file from the first folder that has one. */
function findDriver(root: string, folders: readonly string[]): string | undefined {
  for (const folder of folders.map((each) => path.join(root, each))) {
    const name = list(folder).find((each) => /^nvidia_icd.*\.json$/.test(each));
    if (name !== undefined) return path.join(folder, name);
  }
  return undefined;
}

/**
 * Explains why Vulkan has no adapter: checks the loader first, then NVIDIA's driver if its kernel module is loaded.
 * Opens the libraries in this process, so call it only after Vulkan has failed.
 * @param softwareToo whether SwiftShader is acceptable
 * @param root replaces `/`
 * @param loader the library's name or path
 */
export function explainNoAdapter(softwareToo: boolean, root = '/', loader = 'libvulkan.so.1'): Explanation {
  const unopened = whyUnopened(loader);
  if (unopened !== undefined) {
    return {
      problem: `the Vulkan loader cannot be opened: ${unopened}`,
      fix: 'sudo apt-get install libvulkan1',
    };
  }
  return (
    explainNvidia(root) ?? {
      problem: 'no usable GPU driver is installed',
      fix: softwareToo ? 'sudo apt-get install libvulkan1 chromium-common' : null,
    }
  );
}

function explainNvidia(root: string): Explanation | undefined {
  if (!hasNvidia(root)) return undefined;
  const file = findDriver(root, [...USUAL, ...UNUSUAL]);
  if (file === undefined) {
    return {
      problem: "NVIDIA's kernel module is loaded, but its Vulkan driver (nvidia_icd.json) is not installed",
      fix: 'start the container with NVIDIA_DRIVER_CAPABILITIES=all, or install libnvidia-gl in the driver’s version',
    };
  }
  const library = libraryOf(file);
  if (library === undefined) {
    return { problem: `NVIDIA's Vulkan driver file ${file} names no library`, fix: null };
  }
  const why = whyUnopened(library);
  if (why === undefined) {
    return {
      problem: `NVIDIA's Vulkan driver ${library} opens but offers no adapter: check that this user can access the GPU's device file (/dev/nvidia0)`,
      fix: null,
    };
  }
  return {
    problem: `NVIDIA's Vulkan driver cannot be opened: ${why}`,
    fix: /\blib(X|xcb)/.test(why) ? 'sudo apt-get install libxext6' : null,
  };
}

function libraryOf(file: string): string | undefined {
  try {
    const { ICD } = JSON.parse(readFileSync(file, 'utf8')) as { ICD?: { library_path?: unknown } };
    const library = ICD?.library_path;
    if (typeof library !== 'string' || library === '') return undefined;
    // The loader resolves a path against the file's folder and leaves a bare name to the linker.
    return library.includes('/') ? path.resolve(path.dirname(file), library) : library;
  } catch {
    return undefined;
  }
}

/** Returns the dynamic linker's error for a library; undefined if it opens. */
function whyUnopened(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
  } catch (error) {
    const why = oneLine(error);
    // Node opened the library but found no addon in it.
    return /did not self-register/.test(why) ? undefined : why;
  }
  return undefined;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

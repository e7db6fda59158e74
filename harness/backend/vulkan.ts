/** Vulkan drivers that the loader does not find by itself, and why no driver works. Linux only. */
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

/** Where the loader itself looks, as far as NVIDIA's driver file was seen there, and where it does not. */
const USUAL = ['usr/share/vulkan/icd.d', 'etc/vulkan/icd.d'];
const UNUSUAL = [
  'usr/local/nvidia/share/vulkan/icd.d',
  'usr/local/nvidia/vulkan/icd.d',
  'usr/local/nvidia',
  'usr/share/nvidia',
  'run/opengl-driver/share/vulkan/icd.d',
];

/** Names NVIDIA's driver by its EGL library, which needs neither X11 nor libEGL.so.1 as its GLX library does. */
const THROUGH_EGL = fileURLToPath(new URL('nvidia-egl-icd.json', import.meta.url));

const hasNvidia = (root: string): boolean => existsSync(path.join(root, 'proc/driver/nvidia/version'));

/**
 * Driver files to try in turn where the loader finds no GPU by itself; none where NVIDIA's kernel module is not loaded.
 * Seen on a headless H200: the loader found NVIDIA's file, whose GLX library offered nothing for want of libEGL.so.1,
 * and the EGL library offered the GPU.
 * @param root in place of `/`
 */
export function nvidiaDrivers(root = '/'): string[] {
  if (!hasNvidia(root)) return [];
  const unseen = findDriver(root, USUAL) === undefined ? findDriver(root, UNUSUAL) : undefined;
  return unseen === undefined ? [THROUGH_EGL] : [unseen, THROUGH_EGL];
}

/** The path of NVIDIA's own driver file in the first of these folders that has one. */
function findDriver(root: string, folders: readonly string[]): string | undefined {
  for (const folder of folders.map((each) => path.join(root, each))) {
    const name = list(folder).find((each) => /^nvidia_icd.*\.json$/.test(each));
    if (name !== undefined) return path.join(folder, name);
  }
  return undefined;
}

/**
 * Why Vulkan has no adapter: looks at the loader first, then at NVIDIA's driver if its kernel module is loaded.
 * It opens the libraries in this process, so call it only where Vulkan has failed already.
 * @param softwareToo whether SwiftShader would do as well
 * @param root in place of `/`
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
      fix: 'start the container with NVIDIA_DRIVER_CAPABILITIES=all, or install libnvidia-gl of the driver’s version',
    };
  }
  const library = libraryOf(file);
  if (library === undefined) {
    return { problem: `NVIDIA's Vulkan driver file ${file} names no library`, fix: null };
  }
  const why = whyUnopened(library);
  if (why === undefined) {
    return {
      problem: `NVIDIA's Vulkan driver ${library} opens, but offers no adapter: is the GPU's device file (/dev/nvidia0) there for this user?`,
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
    // The loader takes a path with a slash from the file's folder, a bare name from the linker's.
    return library.includes('/') ? path.resolve(path.dirname(file), library) : library;
  } catch {
    return undefined;
  }
}

/** What the dynamic linker says of a library that it cannot open; undefined if it can. */
function whyUnopened(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
  } catch (error) {
    const why = oneLine(error);
    // Node opened it, and found no addon in it.
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

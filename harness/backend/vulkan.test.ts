import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { explainNoAdapter, nvidiaDrivers } from './vulkan.ts';

/** A library that every Linux has; stands in for the Vulkan loader. */
const LOADER = 'libm.so.6';
const KERNEL = { 'proc/driver/nvidia/version': 'NVRM version: 580' };
const driver = (library: string) => JSON.stringify({ ICD: { library_path: library } });

/** Creates a root folder with only these files. */
function system(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'resumeproof-system-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return root;
}

test('offers NVIDIA’s driver from folders that the loader skips and through EGL, if the kernel module is loaded', () => {
  const usual = { 'usr/share/vulkan/icd.d/nvidia_icd.json': driver('libGLX_nvidia.so.0') };
  const unusual = {
    'usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.x86_64.json': driver('libGLX_nvidia.so.0'),
  };
  expect(nvidiaDrivers(system({ ...usual, ...unusual }))).toEqual([]);
  const [throughEgl, ...others] = nvidiaDrivers(system({ ...KERNEL, ...usual, ...unusual }));
  expect(others).toEqual([]);
  expect(JSON.parse(readFileSync(throughEgl!, 'utf8')).ICD.library_path).toBe('libEGL_nvidia.so.0');
  const root = system({ ...KERNEL, ...unusual });
  expect(nvidiaDrivers(root)).toEqual([path.join(root, Object.keys(unusual)[0]!), throughEgl]);
});

test.runIf(process.platform === 'linux').each([
  [
    'no loader',
    {},
    'libnothing.so.1',
    /^the Vulkan loader cannot be opened: libnothing\.so\.1/,
    /libvulkan1/,
  ],
  ['no GPU', {}, LOADER, /^no usable GPU driver is installed$/, /chromium/],
  [
    'no Vulkan driver',
    KERNEL,
    LOADER,
    /but its Vulkan driver .* is not installed$/,
    /DRIVER_CAPABILITIES=all/,
  ],
  [
    'a missing library',
    { ...KERNEL, 'etc/vulkan/icd.d/nvidia_icd.json': driver('libnothing.so.0') },
    LOADER,
    /^NVIDIA's Vulkan driver cannot be opened: libnothing\.so\.0: cannot open/,
    null,
  ],
  [
    'a library that offers no adapter',
    { ...KERNEL, 'etc/vulkan/icd.d/nvidia_icd.json': driver(LOADER) },
    LOADER,
    /offers no adapter: check .*\/dev\/nvidia0/,
    null,
  ],
  [
    'an invalid driver file',
    { ...KERNEL, 'etc/vulkan/icd.d/nvidia_icd.json': '[' },
    LOADER,
    /names no library$/,
    null,
  ],
] as const)('explains why there is no adapter: %s', (_, files, loader, problem, fix) => {
  const told = explainNoAdapter(true, system(files), loader);
  expect(told.problem).toMatch(problem);
  if (fix === null) expect(told.fix).toBeNull();
  else expect(told.fix).toMatch(fix);
  // A software GPU does not help if a hardware GPU is required.
  expect(explainNoAdapter(false, system(files), loader).fix ?? '').not.toContain('chromium');
});

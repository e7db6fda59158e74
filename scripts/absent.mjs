// Finds optional parts that are missing on this machine.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Returns one line per missing optional part, with the command that installs it. */
export function absentParts(root) {
  const lines = [];
  const tell = (what, without, command) =>
    lines.push(`resumeproof: optional, not installed: ${what} (${without}); to install: ${command}`);
  const gpu = path.join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu', 'lib');
  if (!hasAddon(gpu)) {
    tell('@tensorflow/tfjs-node-gpu', 'no node-gpu backend', 'npm run setup:node-gpu');
  }
  if (process.platform === 'linux' && !hasVulkan()) {
    const command = 'apt-get install -y libvulkan1 chromium';
    tell('a Vulkan loader and driver', 'no webgpu backend; chromium includes SwiftShader', command);
  }
  if (!hasChromium()) {
    const linux = process.platform === 'linux';
    const command = linux ? 'apt-get install -y chromium' : 'npx playwright-core install chromium';
    tell('Chromium', 'the report is not tested in a browser', command);
  }
  if (!isOnPath(['redis-server'])) {
    tell('Redis', 'the queue is not tested', 'apt-get install -y redis-server');
  }
  return lines;
}

function hasAddon(lib) {
  return list(lib).some((folder) => existsSync(path.join(lib, folder, 'tfjs_binding.node')));
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function hasVulkan() {
  const libraries = [
    '/usr/lib',
    '/usr/lib64',
    '/usr/local/lib',
    ...list('/usr/lib').map((f) => `/usr/lib/${f}`),
  ];
  const loader = libraries.some((folder) => existsSync(path.join(folder, 'libvulkan.so.1')));
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? '';
  const driver =
    named.split(path.delimiter).some((file) => file !== '' && existsSync(file)) ||
    ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].some((folder) => list(folder).length > 0) ||
    existsSync('/usr/lib/chromium/vk_swiftshader_icd.json');
  return loader && driver;
}

function hasChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe'];
  return (
    isOnPath(names) ||
    existsSync('/Applications/Google Chrome.app') ||
    existsSync('/Applications/Chromium.app')
  );
}

function isOnPath(names) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => names.some((name) => existsSync(path.join(folder, name))));
}

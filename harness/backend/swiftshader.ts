/** Finds SwiftShader, the software Vulkan device that comes with Chromium. Used if no Vulkan driver is installed. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const FOLDERS = [
  '/usr/lib/chromium',
  '/usr/lib64/chromium-browser',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  '/opt/google/chrome-beta',
  '/opt/google/chrome-unstable',
  '/opt/microsoft/msedge',
  '/snap/chromium/current/usr/lib/chromium-browser',
];

/** Returns the path of SwiftShader's Vulkan driver file; undefined if there is none. Linux only. */
export function findSwiftshader(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return [...FOLDERS, ...playwrightFolders()]
    .map((folder) => path.join(folder, 'vk_swiftshader_icd.json'))
    .find((file) => existsSync(file));
}

/** Folders of the browsers that Playwright downloads. */
function playwrightFolders(): string[] {
  const cache = process.env.PLAYWRIGHT_BROWSERS_PATH || path.join(homedir(), '.cache', 'ms-playwright');
  try {
    return readdirSync(cache)
      .filter((name) => /^chromium/.test(name))
      .flatMap((name) => ['chrome-linux', 'chrome-linux64'].map((part) => path.join(cache, name, part)));
  } catch {
    return [];
  }
}

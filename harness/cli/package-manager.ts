/** Which package manager a folder uses, and how it is told what npm is told. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { startedBy } from '../backend/command.ts';

export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn';
  readonly install: string;
  /** Adds a package for development. */
  readonly add: string;
  /** Installs what the lockfile names, and nothing else. */
  readonly clean: string;
  /** Runs a package's program. */
  readonly exec: string;
  readonly run: string;
}

const MANAGERS: Readonly<Record<PackageManager['name'], PackageManager & { readonly lockfile: string }>> = {
  npm: {
    name: 'npm',
    lockfile: 'package-lock.json',
    install: 'npm install',
    add: 'npm install --save-dev',
    clean: 'npm ci',
    exec: 'npx',
    run: 'npm run',
  },
  pnpm: {
    name: 'pnpm',
    lockfile: 'pnpm-lock.yaml',
    install: 'pnpm install',
    add: 'pnpm add --save-dev',
    clean: 'pnpm install --frozen-lockfile',
    exec: 'pnpm exec',
    run: 'pnpm run',
  },
  yarn: {
    name: 'yarn',
    lockfile: 'yarn.lock',
    install: 'yarn install',
    add: 'yarn add --dev',
    // In CI, Yarn changes no lockfile by default. The option for that is another one in Yarn 1.
    clean: 'yarn install',
    exec: 'yarn',
    run: 'yarn run',
  },
};

/**
 * By the lockfile of a folder, else by the `packageManager` of its package.json, else by what started this process.
 * @param packageText the text of package.json, if there is one
 */
export function managerOf(folder: string, packageText: string | undefined): PackageManager {
  const all = Object.values(MANAGERS);
  const locked = all.find(({ lockfile }) => existsSync(path.join(folder, lockfile)));
  const named = /"packageManager"\s*:\s*"(\w+)@/.exec(packageText ?? '')?.[1];
  return locked ?? all.find(({ name }) => name === (named ?? startedBy())) ?? MANAGERS.npm;
}

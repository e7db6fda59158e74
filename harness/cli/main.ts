#!/usr/bin/env node
/** Starts the command line with caches: without them, most of a short command's time goes into reading its imports. */
import { enableCompileCache } from 'node:module';
import { CACHES, STRIPPING_MODULE } from '../run/caches.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `resumeproof: Node 22.18 or newer is required, but this is ${process.version}; install it with: npm install --save-dev node@22\n`,
  );
  process.exit(3);
}

Object.assign(process.env, CACHES);
if (CACHES.NODE_COMPILE_CACHE !== undefined) enableCompileCache(CACHES.NODE_COMPILE_CACHE);
await import(STRIPPING_MODULE);
await import('./command-line.ts');

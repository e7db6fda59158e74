/**
 * Strips each TypeScript file of its types once: Node does it in every process, and takes as long as for the rest of a
 * short one. Written in JavaScript because it must itself load without that work.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startupSnapshot } from 'node:v8';

const hashOf = (text) => createHash('sha256').update(text).digest('hex');
const HASH_LENGTH = 64;
/** Also names the form of the cached files. The same text on the same Node gives the same code, whatever its path. */
const keyOf = (text) => hashOf([process.version, 'hash and text', text].join('\0'));

/** The cached text; undefined if there is none, or if the file was damaged, for example when the machine went down. */
function kept(file) {
  try {
    const text = readFileSync(file, 'utf8');
    const body = text.slice(HASH_LENGTH);
    return text.slice(0, HASH_LENGTH) === hashOf(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function keep(file, text) {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    // Processes run in parallel, and none may read half a file.
    writeFileSync(`${file}.${process.pid}`, hashOf(text) + text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // If it cannot be cached, the next process does it again.
  }
}

/** Node warns that its function is experimental, which would be the first line that a user reads. */
function quietly(work) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** From now on, TypeScript files are stripped once. */
export function stripOnce() {
  const folder = process.env.RESUMEPROOF_STRIPPED;
  if (!folder) return;
  registerHooks({
    load(url, context, next) {
      // Node itself refuses types in node_modules.
      const own =
        context.format === 'module-typescript' && url.startsWith('file:') && !url.includes('/node_modules/');
      if (!own) return next(url, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      const file = path.join(folder, keyOf(text));
      let source = kept(file);
      if (source === undefined) {
        try {
          source = quietly(() => stripTypeScriptTypes(text));
        } catch {
          // Node's own error names the file and the line.
          return next(url, context);
        }
        keep(file, source);
      }
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

// Hooks do not outlast the making of a snapshot.
if (!startupSnapshot.isBuildingSnapshot()) stripOnce();

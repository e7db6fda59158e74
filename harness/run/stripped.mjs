/**
 * Loaded before anything else in a scenario's process: keeps TypeScript files as they are without their types, from
 * one process to the next. Node strips them anew in each, which took a third of a short one. JavaScript, since it
 * must not need what it spares.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = process.env.RESUMEPROOF_STRIPPED;

/** The same text on the same Node gives the same code, wherever it lies. */
function stripped(text) {
  const name = createHash('sha256').update(process.version).update('\0').update(text).digest('hex');
  const file = path.join(cache, name);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there yet.
  }
  const code = stripTypeScriptTypes(text);
  try {
    mkdirSync(cache, { recursive: true });
    // Processes run side by side: none may read half a file.
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Where it cannot be kept, the next process strips it again.
  }
  return code;
}

if (cache !== undefined) {
  registerHooks({
    load(url, context, next) {
      // Node itself refuses types in node_modules, and tells other kinds of modules apart.
      const ours = context.format === 'module-typescript' && !url.includes('/node_modules/');
      if (!ours || !url.startsWith('file:')) return next(url, context);
      const source = stripped(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

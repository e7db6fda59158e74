/** Imports scenario or fault files, and tells of each what it says. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { hear, tell } from '../processes/channel.ts';
import { asError } from './failure.ts';
import { faultFactsSchema, importFault } from './fault.ts';
import type { Inspected } from './inspect.ts';
import { type Kind, loadModule } from './modules.ts';
import { codeAt, FRAMES, placeOfImport } from './place.ts';
import { importScenario, scenarioFactsSchema } from './scenario.ts';
import { UsageError } from './usage-error.ts';

const requestSchema = z.object({ kind: z.enum(['scenario', 'fault', 'config']), files: z.array(z.string()) });

/** By kind: what a file says. */
const FACTS: Readonly<Record<Kind, (file: string) => Promise<unknown>>> = {
  scenario: async (file) => scenarioFactsSchema.parse(await importScenario(file)),
  fault: async (file) => faultFactsSchema.parse(await importFault(file)),
  // What it may hold is checked where its keys are known.
  config: (file) => loadModule('config', file, z.unknown()),
};

/** What the process does that is asked about files. */
export async function inspectFiles(): Promise<void> {
  /** What was imported since the last answer. */
  let imports: string[] = [];
  Error.stackTraceLimit = FRAMES;
  registerHooks({
    load(url, context, next) {
      imports.push(url);
      return next(url, context);
    },
  });
  const { kind, files } = requestSchema.parse(await hear());
  // One after the other, so that the first without an answer is the one that ended this process.
  for (const file of files) {
    let inspected: Inspected;
    try {
      inspected = { file, facts: await FACTS[kind](file), imports };
      imports = [];
    } catch (error) {
      // A getter of what is exported may throw.
      const whole = error instanceof UsageError ? '' : `cannot load ${kind} ${file}: `;
      const files = imports.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
      const own = error instanceof UsageError ? error.cause : error;
      const place = own instanceof Error ? placeOfImport(own, files) : undefined;
      const code = place === undefined ? [] : codeAt(place);
      inspected = { file, problem: whole + asError(error).message, code };
    }
    tell(inspected);
  }
}

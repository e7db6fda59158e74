/**
 * Learns what scenario and fault files say, in a process of its own: their code may exit, hang or change what it runs
 * in, and the gate must neither end nor pass by it.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type ProcessEnd, startProcess } from '../processes/start.ts';
import { CACHES } from './caches.ts';
import { type FaultFacts, faultFactsSchema } from './fault.ts';
import type { Kind } from './modules.ts';
import { type LoadedScenario, planScenario, type ScenarioFacts, scenarioFactsSchema } from './scenario.ts';
import { nodeArguments } from './snapshot/arguments.ts';
import { UsageError } from './usage-error.ts';

// Same extension as this file: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`inspect-process${path.extname(import.meta.url)}`, import.meta.url));

/** For the import of one file. */
const LIMIT_MS = 60_000;

const inspectedSchema = z.union([
  z.object({ file: z.string(), facts: z.unknown(), imports: z.array(z.string()).default([]) }),
  z.object({ file: z.string(), problem: z.string(), code: z.array(z.string()).default([]) }),
]);

/** What the process tells of a file: what it says, or why it cannot be used. */
export type Inspected =
  | {
      readonly file: string;
      readonly facts: unknown;
      /** URLs of the modules that it imports and that no file before it did. */
      readonly imports: readonly string[];
    }
  | {
      readonly file: string;
      readonly problem: string;
      /** Where it arose, and the code around it. */
      readonly code: readonly string[];
    };

/** Called with the URL of each module that the files import, at least once. */
type OnImport = (url: string) => void;

/**
 * @param selected files by name
 * @throws {UsageError} of the first file that cannot be imported or is not a scenario
 */
export async function inspectScenarios(
  selected: ReadonlyMap<string, string>,
  limitMs = LIMIT_MS,
  onImport: OnImport = () => {},
): Promise<LoadedScenario[]> {
  const files = [...selected.values()];
  const facts = await inspectFiles('scenario', files, scenarioFactsSchema, limitMs, onImport);
  return [...selected].map(([name, file]) => planScenario(name, file, facts.get(file) as ScenarioFacts));
}

/** @throws {UsageError} of the first file that cannot be imported or is not a fault */
export const inspectFaults = async (
  files: readonly string[],
  onImport: OnImport = () => {},
): Promise<Map<string, FaultFacts>> =>
  (await inspectFiles('fault', files, faultFactsSchema, LIMIT_MS, onImport)) as Map<string, FaultFacts>;

/** @throws {UsageError} when the file cannot be imported or exports nothing */
export const inspectConfig = async (file: string): Promise<unknown> =>
  (await inspectFiles('config', [file], z.unknown(), LIMIT_MS, () => {})).get(file);

/** All files share a process. Where it ends early, the file that was being imported is tried alone. */
async function inspectFiles(
  kind: Kind,
  files: readonly string[],
  schema: z.ZodType,
  limitMs: number,
  onImport: OnImport,
): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  let together = true;
  for (
    let left: readonly string[] = files;
    left.length > 0;
    left = files.filter((file) => !found.has(file))
  ) {
    const tried: readonly string[] = together ? left : left.slice(0, 1);
    const { answers, ended } = await ask(kind, tried, limitMs);
    for (const [file, answer] of answers) {
      if ('problem' in answer) throw new UsageError(answer.problem, [], { code: answer.code });
      const { success, data } = schema.safeParse(answer.facts);
      if (!success)
        throw new UsageError(
          `cannot load ${kind} ${file}: its process sent something else than a description of it`,
        );
      found.set(file, data);
      for (const url of answer.imports) onImport(url);
    }
    if (answers.size === 0 && tried.length === 1)
      throw new UsageError(`cannot load ${kind} ${tried[0]}: ${ended}`);
    together = !together || answers.size === tried.length;
  }
  return found;
}

/** Starts a process, and ends it as soon as it has described every file. What it has left to do does not matter. */
async function ask(
  kind: Kind,
  files: readonly string[],
  limitMs: number,
): Promise<{ answers: ReadonlyMap<string, Inspected>; ended: string }> {
  const args = await nodeArguments(entry);
  const answers = new Map<string, Inspected>();
  let timedOut = false;
  const child = startProcess({
    args,
    env: CACHES,
    onMessage(message) {
      const { success, data } = inspectedSchema.safeParse(message);
      if (!success || !files.includes(data.file) || answers.has(data.file)) return;
      answers.set(data.file, data);
      timer.refresh();
      if (answers.size === files.length) child.end();
    },
  });
  const timer = setTimeout(() => {
    timedOut = true;
    child.end();
  }, limitMs);
  child.send({ kind, files });
  const end = await child.ended;
  clearTimeout(timer);
  return {
    answers,
    ended: timedOut ? `its import did not end within ${limitMs / 1000} s` : howItEnded(end),
  };
}

function howItEnded({ exitCode, signal, lastLines }: ProcessEnd): string {
  const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
  const last = lastLines.at(-1)?.trim() ?? '';
  return `its process ${how} before the import was done${last === '' ? '' : `: ${last}`}`;
}

/** Writes a command as a scenario file. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandScenario } from '../training/trainer.ts';
import { UsageError } from './usage-error.ts';

/**
 * Where a new scenario goes.
 * @throws {UsageError} when it is there already, or its name cannot name a file
 */
export function newScenarioFile(folder: string, name: string): string {
  if (!/^\w[\w.-]*$/.test(name))
    throw new UsageError(
      `'${name}' cannot name a scenario; use letters, digits, dots, dashes and underscores`,
    );
  const file = path.join(folder, `${name}.ts`);
  if (existsSync(file)) throw new UsageError(`${file} exists already; remove it or use another name`);
  return file;
}

export async function writeScenarioFile(file: string, scenario: CommandScenario): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, scenarioSource(scenario), { flag: 'wx' });
}

export const scenarioSource = (scenario: CommandScenario): string =>
  `import { defineScenario } from 'resumeproof';\n\nexport default defineScenario(${source(scenario, '')});\n`;

/** A value as TypeScript. Undefined properties are left out. */
function source(value: unknown, indent: string): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => source(item, indent)).join(', ')}]`;
  const inner = `${indent}  `;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => `${/^\w+$/.test(name) ? name : quoted(name)}: ${source(item, inner)}`);
  const short = `{ ${entries.join(', ')} }`;
  return indent !== '' && short.length < 60
    ? short
    : `{\n${entries.map((one) => `${inner}${one},\n`).join('')}${indent}}`;
}

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", String.raw`\'`)}'`;

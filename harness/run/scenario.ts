/** Finds, loads and checks scenario files. */
import path from 'node:path';
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import { RULES } from '../judge/rules/index.ts';
import { type History, resumesIn } from '../trace/history.ts';
import { DEVIATIONS, OBSERVABLES, SETTINGS, STEP_UNITS } from '../trace/schema.ts';
import type { Command } from '../training/command.ts';
import type { CommandScenario, Scenario, ScenarioHistory, ScenarioPlan } from '../training/trainer.ts';
import { askedPlanSchema, checkHistory } from './check-history.ts';
import { STOPS } from './command-job.ts';
import { checkCommand } from './command-words.ts';
import { addModule, findModules, loadModule, moduleName } from './modules.ts';
import { namePattern } from './name-pattern.ts';
import { UsageError } from './usage-error.ts';

/** What a scenario says, without what it does: a scenario's own code runs in the processes of its runs only. */
export type ScenarioFacts = Omit<Scenario, 'trainer'> & {
  /** Instead of a trainer. */
  readonly command?: Command;
};

export interface LoadedScenario {
  readonly name: string;
  readonly file: string;
  readonly scenario: ScenarioFacts;
  /** What its processes do. */
  readonly history: History;
  /** The same on a software GPU. */
  readonly softwareHistory: History;
}

const commandSchema = z.strictObject({
  program: z.string().min(1),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().min(1).optional(),
  resumeWith: z.array(z.string()).optional(),
  neverSaveWith: z.array(z.string()).min(1).optional(),
  stop: z.enum(STOPS).optional(),
  grace: z.number().positive().optional(),
  stepIs: z.enum(STEP_UNITS).optional(),
});

export const scenarioFactsSchema = z.object({
  about: z.string().min(1),
  command: commandSchema.optional(),
  plan: askedPlanSchema,
  expect: z.union([z.literal('proven'), z.array(z.string()).min(1)]).optional(),
  lacks: z.array(z.enum(OBSERVABLES)).optional(),
  deviates: z.array(z.enum(DEVIATIONS)).min(1).optional(),
  countsResumes: z.array(z.string()).min(1).optional(),
  mayChange: z.array(z.enum(SETTINGS)).optional(),
  kernels: z.array(z.string()).optional(),
  cold: z.boolean().optional(),
  sharesFolders: z.boolean().optional(),
  seed: z.int().optional(),
  resumeOn: z.union([z.enum(BACKENDS), z.array(z.enum(BACKENDS)).min(1)]).optional(),
  limits: z
    .object({ step: z.number().positive().optional(), run: z.number().positive().optional() })
    .optional(),
});

const scenarioSchema = scenarioFactsSchema
  .extend({ trainer: z.unknown().optional() })
  .superRefine((scenario, context) => {
    const wrong = (message: string): void => context.addIssue({ code: 'custom', path: ['trainer'], message });
    if (scenario.command === undefined && typeof scenario.trainer !== 'function') wrong('must be a function');
    if (scenario.command !== undefined && scenario.trainer !== undefined)
      wrong('cannot stand beside a command');
  });

/** Where scenarios are looked for unless `--scenarios` names another folder. */
export const scenariosFolder = (): string => path.resolve(process.env.RESUMEPROOF_SCENARIOS || 'scenarios');

/**
 * Scenario files of a folder, by name. Subfolders are not searched.
 * @throws {UsageError} when the folder cannot be read or two of its files have the same name
 */
export const findScenarios = (folder: string): Promise<Map<string, string>> =>
  findModules('scenario', folder);

/**
 * Selects scenarios by name (`*` matches any characters) or by file path.
 * @throws {UsageError} when a name matches nothing, or two files have the same name
 */
export async function selectScenarios(
  folder: string,
  wanted: readonly string[],
): Promise<Map<string, string>> {
  const selected = new Map<string, string>();
  const byName = wanted.filter((want) => !isPath(want));
  const all =
    wanted.length === 0 || byName.length > 0 ? await findScenarios(folder) : new Map<string, string>();
  if (wanted.length === 0) {
    if (all.size === 0)
      throw new UsageError(
        `no scenario file (.ts, .js) in ${folder}; add one, or name another folder with --scenarios DIR`,
      );
    return all;
  }
  for (const want of wanted) {
    if (isPath(want)) {
      const name = moduleName(want);
      if (name === undefined)
        throw new UsageError(`'${want}' is not a scenario file: expected .ts, .mts, .js or .mjs`);
      addModule('scenario', selected, name, want);
      continue;
    }
    const pattern = namePattern(want);
    const matches = [...all].filter(([name]) => pattern.test(name));
    if (matches.length === 0) {
      throw new UsageError(
        `no scenario matches '${want}' in ${folder}; there are: ${[...all.keys()].join(', ') || 'none'}`,
      );
    }
    for (const [name, file] of matches) addModule('scenario', selected, name, file);
  }
  return selected;
}

const isPath = (want: string): boolean => /[/\\]|\.(?:ts|mts|js|mjs)$/.test(want);

/**
 * Imports a scenario file, and so runs its code in this process.
 * @throws {UsageError} when the file cannot be imported or is not a scenario
 */
export const importScenario = async (file: string): Promise<Scenario> =>
  (await loadModule('scenario', file, scenarioSchema)) as Scenario;

/**
 * Checks what a scenario says and plans it.
 * @throws {UsageError} when it expects an unknown rule, or its plan cannot be run
 */
export function planScenario(name: string, file: string, scenario: ScenarioFacts): LoadedScenario {
  const where = `scenario ${file}`;
  checkExpectation(scenario.expect, where);
  const planned = (own: ScenarioPlan | ScenarioHistory): History =>
    onBackends(checkHistory(own, where, scenario), resumeBackends(scenario));
  const history = planned(scenario.plan);
  if (scenario.command !== undefined) checkForCommand(scenario, scenario.command, where);
  const short = scenario.plan.onSoftwareGpu;
  return { name, file, scenario, history, softwareHistory: short ? planned(short) : history };
}

/** The backends to resume on, in turn; empty if all resumes use the run's own. */
export const resumeBackends = ({ resumeOn }: Pick<Scenario, 'resumeOn'>): readonly string[] =>
  resumeOn === undefined ? [] : [resumeOn].flat();

/**
 * Assigns these backends to the resumes in turn, starting over at the end. Without any, and where a process names its
 * own, nothing is assigned.
 */
export function onBackends(history: History, backends: readonly string[]): History {
  if (backends.length === 0) return history;
  const order = resumesIn(history).map(({ id }) => id);
  return {
    ...history,
    processes: history.processes.map((process) => {
      const at = order.indexOf(process.id);
      return at < 0 ? process : { ...process, backend: process.backend ?? backends[at % backends.length]! };
    }),
  };
}

/** What only a trainer in this process can follow. */
const TRAINERS_ONLY = [
  'lacks',
  'deviates',
  'countsResumes',
  'mayChange',
  'kernels',
  'cold',
  'sharesFolders',
  'resumeOn',
] as const satisfies readonly Exclude<keyof ScenarioFacts, keyof CommandScenario>[];

function checkForCommand(scenario: ScenarioFacts, command: Command, where: string): void {
  const unknown = TRAINERS_ONLY.find((name) => scenario[name] !== undefined);
  if (unknown !== undefined) throw new UsageError(`${where}: ${unknown} does not apply to a command`);
  checkCommand(command, where);
}

/** A misspelt rule would make a known fault look missed. */
function checkExpectation(expect: Scenario['expect'], where: string): void {
  if (expect === undefined || expect === 'proven') return;
  const unknown = expect.find((id) => !RULES.some((rule) => rule.id === id));
  if (unknown === undefined) return;
  throw new UsageError(`${where}: expect names the unknown rule '${unknown}'; see resumeproof list --rules`);
}

/** `resumeproof init`: makes or completes a folder that proves a trainer. */
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Command, Option } from 'commander';
import { wordsOf } from '../run/command-words.ts';
import { findScenarios, planScenario } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import type { CommandScenario } from '../training/trainer.ts';
import { CI, commandScenario, completed, ignoring, TFJS_SCENARIO } from './init-files.ts';
import { positive, positives } from './options.ts';
import { managerOf, type PackageManager } from './package-manager.ts';
import { print } from './print.ts';

interface Options {
  readonly command?: string;
  readonly steps: number;
  readonly resumeAt: number[];
  readonly ci?: keyof typeof CI;
}

export function initCommand(): Command {
  return new Command('init')
    .description(
      'Makes or completes a folder: package.json, .gitignore, a first scenario and a file for CI. It overwrites nothing.',
    )
    .argument('[dir]', 'the folder', '.')
    .option('--command <line>', 'prove this program instead of a model of TensorFlow.js')
    .option('--steps <n>', 'steps of the program’s whole run', positive, 10)
    .option(
      '--resume-at <n,n>',
      'steps after which the program saves, to stop and resume there',
      positives,
      [5],
    )
    .addOption(new Option('--ci <name>', 'also write the file of this CI').choices(Object.keys(CI)))
    .addHelpText(
      'after',
      "\nExample:\n  resumeproof init my-proofs --ci github\n  resumeproof init --command 'python train.py --output_dir {run}'",
    )
    .action(async (folder: string, options: Options) => {
      const made = await makeFolder(path.resolve(folder), options);
      print(told(made, folder));
    });
}

interface Made {
  readonly wrote: readonly string[];
  readonly left: readonly string[];
  readonly isInstalled: boolean;
  readonly manager: PackageManager;
}

function told({ wrote, left, isInstalled, manager }: Made, folder: string): string {
  const lines = [
    ...wrote.map((file) => `wrote ${file}`),
    ...left.map((file) => `left ${file} as it is`),
    '',
    'Next:',
    ...(path.resolve(folder) === process.cwd() ? [] : [`  cd ${path.relative('', path.resolve(folder))}`]),
    // The package is not on npm.
    isInstalled
      ? `  ${manager.install}`
      : `  ${manager.add} PATH/resumeproof-VERSION.tgz, which npm pack makes`,
    `  ${manager.run} resume`,
  ];
  return `${lines.join('\n')}\n`;
}

const readIf = (file: string): Promise<string | undefined> =>
  existsSync(file) ? readFile(file, 'utf8') : Promise.resolve(undefined);

async function makeFolder(folder: string, options: Options): Promise<Made> {
  const [wrote, left]: [string[], string[]] = [[], []];
  const write = async (name: string, text: string | undefined, flag: 'w' | 'wx'): Promise<void> => {
    const file = path.join(folder, name);
    if (text === undefined || (flag === 'wx' && existsSync(file))) {
      left.push(name);
      return;
    }
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag });
    wrote.push(name);
  };
  // All is checked before anything is written.
  const before = await readIf(path.join(folder, 'package.json'));
  const scenario = await firstScenario(folder, before, options);
  const manager = managerOf(folder, before);
  await write('package.json', packageJson(folder, before, options.command === undefined), 'w');
  await write('.gitignore', ignoring(await readIf(path.join(folder, '.gitignore'))), 'w');
  if (scenario === undefined) left.push('scenarios/');
  else await write(scenario.name, scenario.text, 'wx');
  if (options.ci !== undefined) {
    const { file, text } = CI[options.ci];
    const backend = options.command === undefined ? ' --backend wasm' : '';
    await write(file, text(`resumeproof run${backend}`, manager), 'wx');
  }
  return { wrote, left, isInstalled: isInstalledIn(folder), manager };
}

/** There may be no node_modules: Yarn's Plug'n'Play has none. */
function isInstalledIn(folder: string): boolean {
  try {
    createRequire(path.join(folder, 'package.json')).resolve('resumeproof/package.json');
    return true;
  } catch {
    return false;
  }
}

const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];

function packageJson(folder: string, before: string | undefined, usesTfjs: boolean): string | undefined {
  const require = createRequire(import.meta.url);
  const versions = usesTfjs
    ? TFJS.map((name): [string, string] => [name, require(`${name}/package.json`).version])
    : [];
  const name = path
    .basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  try {
    return completed(before, name || 'resume', Object.fromEntries(versions));
  } catch (error) {
    throw new UsageError(`${path.join(folder, 'package.json')}: ${(error as Error).message}`);
  }
}

/** Undefined if the folder has scenarios. */
async function firstScenario(
  folder: string,
  packageText: string | undefined,
  { command, steps, resumeAt }: Options,
): Promise<{ name: string; text: string } | undefined> {
  const scenarios = path.join(folder, 'scenarios');
  if (existsSync(scenarios) && (await findScenarios(scenarios)).size > 0) return undefined;
  // In a package of CommonJS, a file that is a module says so itself.
  const isModule = packageText === undefined || /"type"\s*:\s*"module"/.test(packageText);
  const extension = isModule ? 'ts' : 'mts';
  if (command === undefined) return { name: `scenarios/my-model.${extension}`, text: TFJS_SCENARIO };
  const scenario = scenarioOf(folder, command, steps, resumeAt);
  planScenario('first', 'init', scenario);
  return { name: `scenarios/my-program.${extension}`, text: commandScenario(scenario) };
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() === true;

function scenarioOf(folder: string, line: string, steps: number, resumeAt: number[]): CommandScenario {
  const words = wordsOf(line);
  if (words.length === 0) throw new UsageError('--command: expected a program and its arguments');
  const namesRun = words.some((word) => word.includes('{run}'));
  // A program that is not told where to write gets {run} as its working folder, where its own files are not.
  const [program, ...args] = words.map((word) =>
    !namesRun && !path.isAbsolute(word) && isFile(path.join(folder, word)) ? `{here}/${word}` : word,
  );
  return {
    about: line,
    plan: { steps, resumeAt },
    command: { program: program!, args, ...(namesRun ? {} : { cwd: '{run}' }) },
  };
}

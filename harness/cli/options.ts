/** Options that several commands share. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { BACKENDS } from '../backend/names.ts';
import { BASELINES } from '../run/baselines.ts';
import { scenariosFolder } from '../run/scenario.ts';

/** What {@link trainingOptions} parse to. */
export interface TrainingOptions {
  readonly backend: string;
  readonly requireGpu: boolean;
  readonly scenarios: string;
  readonly reports: string;
  readonly images?: string;
  readonly jobs: number;
  readonly json: boolean;
}

/** Options of the commands that train. */
export const trainingOptions = (): Option[] => [
  new Option(
    '--backend <name>',
    'backend to train on; auto takes a hardware GPU if there is one, else wasm, or cpu for what wasm has no kernel for',
  )
    .choices(['auto', ...BACKENDS])
    .default('auto'),
  new Option('--require-gpu', 'exit with 3 unless the backend runs on a hardware GPU').default(false),
  scenariosOption(),
  reportsOption(),
  new Option(
    '--images <dir>',
    'train on the images of this folder (10_name/ is repeated 10 times)',
  ).argParser(absolute),
  new Option('--jobs <n>', 'concurrent processes')
    .default(availableParallelism(), 'one per core')
    .argParser(positive),
  jsonOption(),
];

export const reportsOption = (): Option =>
  new Option('--reports <dir>', 'folder for reports')
    .default(absolute('reports'), 'reports')
    .argParser(absolute);

export const baselinesOption = (): Option =>
  new Option('--baselines <dir>', 'folder of baselines')
    .default(absolute(BASELINES), BASELINES)
    .argParser(absolute);

export const fastOption = (): Option =>
  new Option(
    '--fast',
    'end each run as soon as all proofs are settled; this misses bugs that show only later',
  ).default(false);

export const scenariosOption = (): Option =>
  new Option('--scenarios <dir>', 'folder of scenario files')
    .default(scenariosFolder(), process.env.RESUMEPROOF_SCENARIOS || 'scenarios')
    .argParser(absolute);

export const jsonOption = (): Option =>
  new Option(
    '--json',
    'print one JSON object to standard output and everything else to standard error',
  ).default(false);

export const absolute = (value: string): string => path.resolve(value);

export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('expected an integer of at least 1.');
  return number;
}

export function integer(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('expected an integer.');
  return number;
}

/** `12` or `8,15`. */
export const positives = (value: string): number[] => value.split(',').map(positive);

/** `wasm` or `cpu,wasm`. */
export const backends = (value: string): string[] =>
  value.split(',').map((name) => {
    if ((BACKENDS as readonly string[]).includes(name)) return name;
    throw new InvalidArgumentError(`expected names of backends: ${BACKENDS.join(', ')}.`);
  });

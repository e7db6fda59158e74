/** Options that several commands share. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { BACKENDS } from '../backend/names.ts';

export const backendOption = (): Option =>
  new Option('--backend <name>', 'where to train: auto takes a hardware GPU, else wasm')
    .choices(['auto', ...BACKENDS])
    .default('auto');

export const requireGpuOption = (): Option =>
  new Option('--require-gpu', 'exit with 3 unless it is a hardware GPU').default(false);

export const scenariosOption = (): Option =>
  new Option('--scenarios <dir>', 'folder of scenario files')
    .default(absolute('scenarios'), 'scenarios')
    .argParser(absolute);

export const reportsOption = (): Option =>
  new Option('--reports <dir>', 'folder for reports')
    .default(absolute('reports'), 'reports')
    .argParser(absolute);

export const imagesOption = (): Option =>
  new Option(
    '--images <dir>',
    'train on the pictures of this folder (10_name/ is repeated 10 times)',
  ).argParser(absolute);

export const jobsOption = (): Option =>
  new Option('--jobs <n>', 'processes at a time')
    .default(availableParallelism(), 'one a core')
    .argParser(positive);

export const jsonOption = (): Option =>
  new Option('--json', 'print one JSON object on standard output, all else on standard error').default(false);

export const absolute = (value: string): string => path.resolve(value);

export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('expected an integer from 1 on.');
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

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

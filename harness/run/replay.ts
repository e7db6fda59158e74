/** Commands that run something again from the same working folder. */
import path from 'node:path';
import { command } from '../backend/command.ts';
import { type History, isChain, planOf } from '../trace/history.ts';
import { type LoadedScenario, scenariosFolder } from './scenario.ts';

/** The options of the first run. */
export interface Source {
  readonly backend: string;
  /** The folder of scenarios. */
  readonly scenarios: string;
  readonly images?: string;
}

/** Runs one scenario again, on the same plan. */
export function replayScenario(
  scenario: Pick<LoadedScenario, 'name' | 'file' | 'history'>,
  source: Source & { readonly fast: boolean; readonly historyFile?: string },
): string {
  const { history } = scenario;
  return [
    `${command()} run`,
    ...sourceOf(scenario, source),
    ...(source.historyFile === undefined ? planned(history) : [`--history ${relative(source.historyFile)}`]),
    ...(source.fast ? ['--fast'] : []),
  ].join(' ');
}

/** The command that runs a scenario again, by the history of a file. */
export const withHistoryFile = (replay: string, file: string): string =>
  `${replay} --history ${relative(file)}`;

/** Whether `--steps` and `--resume-at` say a history. They do not say that a process trains no step. */
export const isPlanned = (history: History): boolean =>
  isChain(history) && planOf(history).resumeAt.every((step, at, all) => at === 0 || step > all[at - 1]!);

/** A scenario's own history needs no words, and others come from a file. */
function planned(history: History): string[] {
  if (!isPlanned(history)) return [];
  const { steps, resumeAt, resumeOn } = planOf(history);
  return [
    `--steps ${steps} --resume-at ${resumeAt.join(',')}`,
    ...(resumeOn === undefined ? [] : [`--resume-on ${resumeOn.join(',')}`]),
  ];
}

/** Runs one cell of the kill matrix again, or without a fault the healthy scenario. */
export function replayCell(
  scenario: Pick<LoadedScenario, 'name' | 'file'>,
  fault: string | undefined,
  source: Source & { readonly faults?: string },
): string {
  const { faults } = source;
  return [
    fault === undefined ? `${command()} run` : `${command()} mutants`,
    ...sourceOf(scenario, source),
    ...(fault === undefined ? [] : [`--fault ${quote(fault)} --keep`]),
    ...(fault === undefined || faults === undefined ? [] : [`--faults ${relative(faults)}`]),
  ].join(' ');
}

/** Judges the traces of a folder again. */
export const replayJudge = ({ folder }: { readonly folder: string }): string =>
  `${command()} judge ${relative(folder)}`;

/** Runs a command again. */
export function replayExec(
  words: readonly string[],
  options: {
    readonly steps?: number;
    readonly resumeAt?: readonly number[];
    readonly history?: string;
    readonly resumeWith?: string;
    readonly neverSaveWith?: string;
    readonly stop?: string;
    readonly grace?: number;
    readonly cwd?: string;
    readonly env: Readonly<Record<string, string>>;
    readonly stepIs?: string;
  },
): string {
  const { steps, resumeAt = [], history, resumeWith, neverSaveWith, stop, grace, cwd, env, stepIs } = options;
  return [
    `${command()} exec`,
    history === undefined
      ? `--steps ${steps} --resume-at ${resumeAt.join(',')}`
      : `--history ${relative(history)}`,
    ...(resumeWith === undefined ? [] : [`--resume-with ${quote(resumeWith)}`]),
    ...(neverSaveWith === undefined ? [] : [`--never-save-with ${quote(neverSaveWith)}`]),
    ...(stop === undefined ? [] : [`--stop ${stop}`]),
    ...(grace === undefined ? [] : [`--grace ${grace}`]),
    ...(cwd === undefined ? [] : [`--cwd ${quote(cwd)}`]),
    ...Object.entries(env).map(([name, value]) => `--env ${quote(`${name}=${value}`)}`),
    ...(stepIs === undefined ? [] : [`--step-is ${stepIs}`]),
    '--',
    ...words.map(quote),
  ].join(' ');
}

/** The arguments that select one scenario, its backend and its images. */
function sourceOf(
  { name, file }: Pick<LoadedScenario, 'name' | 'file'>,
  { backend, scenarios, images }: Source,
): string[] {
  // A name finds only files in the folder of scenarios; others need their path.
  const named = path.dirname(file) === scenarios;
  return [
    `${named ? quote(name) : relative(file)} --backend ${backend}`,
    ...(named && scenarios !== scenariosFolder() ? [`--scenarios ${relative(scenarios)}`] : []),
    ...(images === undefined ? [] : [`--images ${relative(images)}`]),
  ];
}

/** A path from the working folder, quoted for a shell. */
const relative = (file: string): string => quote(path.relative('', file));

const quote = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

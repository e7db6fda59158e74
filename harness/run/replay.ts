/** The command that runs something again, to be given in the same working folder. */
import path from 'node:path';
import { COMMAND } from '../backend/command.ts';
import { type LoadedScenario, scenariosFolder } from './scenario.ts';

/** What the first run was given. */
export interface Source {
  readonly backend: string;
  /** The folder of scenarios. */
  readonly scenarios: string;
  readonly images?: string;
}

/** Runs one scenario again, on the same plan. */
export function replayScenario(
  scenario: Pick<LoadedScenario, 'name' | 'file' | 'plan'>,
  source: Source & { readonly fast: boolean },
): string {
  const { plan } = scenario;
  return [
    `${COMMAND} run`,
    ...sourceOf(scenario, source),
    `--steps ${plan.steps} --resume-at ${plan.resumeAt.join(',')}`,
    ...(plan.resumeOn === undefined ? [] : [`--resume-on ${plan.resumeOn.join(',')}`]),
    ...(source.fast ? ['--fast'] : []),
  ].join(' ');
}

/** Runs one cell of the kill matrix again, or the healthy scenario where there is no fault. */
export function replayCell(
  scenario: Pick<LoadedScenario, 'name' | 'file'>,
  fault: string | undefined,
  source: Source & { readonly faults?: string },
): string {
  const { faults } = source;
  return [
    fault === undefined ? `${COMMAND} run` : `${COMMAND} mutants`,
    ...sourceOf(scenario, source),
    ...(fault === undefined ? [] : [`--fault ${quote(fault)} --keep`]),
    ...(fault === undefined || faults === undefined ? [] : [`--faults ${relative(faults)}`]),
  ].join(' ');
}

/** How one scenario is named in a command, with where it is found and what it runs on. */
function sourceOf(
  { name, file }: Pick<LoadedScenario, 'name' | 'file'>,
  { backend, scenarios, images }: Source,
): string[] {
  // The name of a file in another folder would not be found.
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

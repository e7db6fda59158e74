/** `resumeproof run`: the gate. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { COMMAND } from '../backend/command.ts';
import { requireBackend } from '../backend/inspect.ts';
import { onProcessor } from '../backend/names.ts';
import type { Verdict } from '../judge/verdict.ts';
import { cutSentence, declarations, deviceSentence, gateSentence, ruleSection } from '../report/summary.ts';
import type { GateResult } from '../run/gate.ts';
import {
  checkPlan,
  type LoadedScenario,
  loadScenario,
  onBackends,
  resumeBackends,
  selectScenarios,
  UsageError,
} from '../run/scenario.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import {
  backends,
  fastOption,
  positive,
  positives,
  printJson,
  scenariosFolder,
  trainingOptions,
} from './options.ts';
import { MARKS, openDisplay } from './progress.ts';
import { TABLE } from './table.ts';

export interface RunOptions {
  readonly backend: string;
  readonly requireGpu: boolean;
  readonly scenarios: string;
  readonly reports: string;
  readonly images?: string;
  readonly jobs: number;
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly resumeOn?: string[];
  readonly fast: boolean;
  readonly json: boolean;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('Runs scenarios, judges each resume against a control that never stopped, writes a report.')
    .argument('[scenario...]', 'names (* matches anything) or paths of files; all by default')
    .option('--steps <n>', 'steps of the whole run, instead of the plan’s', positive)
    .option(
      '--resume-at <n,n>',
      'steps after which to save, stop and resume, instead of the plan’s',
      positives,
    )
    .option(
      '--resume-on <name,name>',
      'backends of the resumes in turn, instead of the run’s own: saved on one, resumed on another',
      backends,
    )
    .addHelpText('after', "\nExample:\n  resumeproof run 'hooks-*' --backend wasm")
    .action(async (wanted: string[], options: RunOptions) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of [...trainingOptions(), fastOption()]) command.addOption(option);
  return command;
}

async function run(wanted: readonly string[], options: RunOptions): Promise<number> {
  requireImages(options);
  const selected = await selectScenarios(options.scenarios, wanted);
  const loaded = await Promise.all([...selected].map(([name, file]) => loadScenario(name, file)));
  const softwareGpu = await requireBackends(loaded, options);
  const scenarios = loaded.map((scenario) => withPlan(scenario, options, softwareGpu));
  const signal = onInterrupt();
  // Loaded when it is needed: the report's image library is slow to load.
  const { runGate } = await import('../run/gate.ts');
  const display = openDisplay(scenarios);
  let result: GateResult;
  try {
    result = await runGate(scenarios, {
      ...options,
      images: options.images,
      folder: newFolder(options.reports, options.backend),
      signal,
      replay: (scenario) => replayCommand(scenario, options),
      onProgress: display.progress,
      onVerdict: display.verdict,
    });
  } finally {
    await display.end();
  }
  const { gate, report } = result;
  if (options.json) printJson({ ...gate, report });
  else process.stdout.write(summary(result));
  if (signal.aborted)
    say(`${gate.problem ?? 'Interrupted after all was finished.'} See ${path.dirname(report.json)}`);
  return signal.aborted ? EXIT.interrupted : gate.passed ? EXIT.passed : EXIT.failed;
}

/** @throws {UsageError} when `--images` is no folder */
export function requireImages({ images }: Pick<RunOptions, 'images'>): void {
  if (images === undefined || statSync(images, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`no folder of images at ${images}; give --images an existing one`);
}

/**
 * Opens each backend that the gate will run on. Tells whether one is a GPU in software.
 * @throws BackendError of the first that cannot be used
 */
export async function requireBackends(
  loaded: readonly LoadedScenario[],
  { backend, requireGpu, resumeOn }: Pick<RunOptions, 'backend' | 'requireGpu' | 'resumeOn'>,
): Promise<boolean> {
  const others = new Set(resumeOn ?? loaded.flatMap(({ plan }) => plan.resumeOn ?? []));
  others.delete(backend);
  const opened = [
    await requireBackend(backend, requireGpu),
    ...(await Promise.all([...others].map((name) => requireBackend(name, requireGpu && !onProcessor(name))))),
  ];
  return opened.some(({ softwareGpu }) => softwareGpu);
}

/** A scenario's own plan on what it runs on. */
export const planOf = (
  { plan, softwarePlan }: Pick<LoadedScenario, 'plan' | 'softwarePlan'>,
  softwareGpu: boolean,
): LoadedScenario['plan'] => (softwareGpu ? softwarePlan : plan);

/** @throws {UsageError} when the resume points asked for lie outside the run */
function withPlan(
  loaded: LoadedScenario,
  { steps, resumeAt, resumeOn }: RunOptions,
  softwareGpu: boolean,
): LoadedScenario {
  const own = planOf(loaded, softwareGpu);
  const plan = checkPlan(
    { steps: steps ?? own.steps, resumeAt: resumeAt ?? own.resumeAt },
    `scenario ${loaded.name} with --steps or --resume-at`,
    loaded.scenario,
  );
  return { ...loaded, plan: onBackends(plan, resumeOn ?? resumeBackends(loaded.scenario)) };
}

/** `reports/2026-03-01T10-00-00-wasm`, or with a number after it where that exists. */
export function newFolder(reports: string, name: string): string {
  const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let n = 1; ; n += 1) {
    const folder = path.join(reports, `${moment}-${name}${n === 1 ? '' : `-${n}`}`);
    if (!existsSync(folder)) return folder;
  }
}

/** How one scenario is named in a command, with where it is found and what it runs on. */
export function sourceOf(
  { name, file }: Pick<LoadedScenario, 'name' | 'file'>,
  { backend, scenarios, images }: Pick<RunOptions, 'backend' | 'scenarios' | 'images'>,
): string[] {
  // Elsewhere, its name says nothing.
  const named = path.dirname(file) === scenarios;
  return [
    `${named ? quote(name) : relative(file)} --backend ${backend}`,
    ...(named && scenarios !== scenariosFolder() ? [`--scenarios ${relative(scenarios)}`] : []),
    ...(images === undefined ? [] : [`--images ${relative(images)}`]),
  ];
}

/** The command that runs one scenario again, in the same folder. */
export function replayCommand(
  scenario: Pick<LoadedScenario, 'name' | 'file' | 'plan'>,
  options: Pick<RunOptions, 'backend' | 'scenarios' | 'images' | 'fast'>,
): string {
  const { plan } = scenario;
  return [
    `${COMMAND} run`,
    ...sourceOf(scenario, options),
    `--steps ${plan.steps} --resume-at ${plan.resumeAt.join(',')}`,
    ...(plan.resumeOn === undefined ? [] : [`--resume-on ${plan.resumeOn.join(',')}`]),
    ...(options.fast ? ['--fast'] : []),
  ].join(' ');
}

/** A path from the working folder, quoted for a shell. */
export const relative = (file: string): string => quote(path.relative('', file));

export const quote = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Each caveat once, with the scenarios that it holds for. */
function caveatLines(verdicts: readonly Verdict[]): string[] {
  const byCaveat = Map.groupBy(
    verdicts.flatMap(({ scenario, caveats }) => caveats.map((caveat) => ({ scenario, caveat }))),
    ({ caveat }) => caveat,
  );
  return [...byCaveat].flatMap(([caveat, those]) => [
    `! ${those.map(({ scenario }) => scenario).join(', ')}: ${caveat}`,
    '',
  ]);
}

/** What was ended before its plan, in one line each. */
function cutLines(verdicts: readonly Verdict[]): string[] {
  const cut = verdicts.filter((verdict) => verdict.cut !== null);
  return cut.length === 0
    ? []
    : [...cut.map((verdict) => `✂ ${verdict.scenario}: ${cutSentence(verdict)}`), ''];
}

function summary({ gate, report }: GateResult): string {
  const table = new Table({
    ...TABLE,
    head: ['', 'Scenario', 'Restored', 'Alive', 'Faithful', 'Verdict', 'Time'],
  });
  for (const { asExpected, scenario, proofs, outcome, seconds, deviations, cut } of gate.verdicts) {
    const { restored, alive, faithful } = proofs ?? {};
    const mark = (proof: keyof typeof MARKS | undefined): string =>
      proof === undefined
        ? '–'
        : `${MARKS[proof]} ${proof}${deviations.length === 0 ? '' : ', by declaration'}`;
    const fault = outcome === 'refuted' || outcome === 'inconclusive';
    const expected = asExpected && fault ? `${outcome}, as expected` : outcome;
    table.push([
      asExpected ? '✓' : '✗',
      scenario,
      mark(restored),
      mark(alive),
      mark(faithful),
      `${asExpected ? expected : `${outcome}, NOT AS EXPECTED`}${cut === null ? '' : ', cut'}`,
      `${seconds.toFixed(1)} s`,
    ]);
  }
  const failed = gate.verdicts.filter(({ asExpected }) => !asExpected);
  const left = gate.verdicts.filter(({ outcome }) => outcome === 'skipped');
  const ran = gate.verdicts.filter(({ backend }) => backend !== null);
  const devices = [...new Set(ran.map(deviceSentence))];
  return [
    table.toString(),
    '',
    ...left.flatMap(({ scenario, headline }) => [`– ${scenario}: ${headline}`, '']),
    ...failed.flatMap(({ scenario, headline, mismatch, findings, replay }) => [
      `✗ ${scenario}: ${headline}`,
      ...(mismatch === null ? [] : [`  ${mismatch}`]),
      ...findings.slice(0, 1).map(({ rule }) => `  see ${ruleSection(rule)}`),
      `  run again: ${replay}`,
      '',
    ]),
    ...cutLines(gate.verdicts),
    ...gate.verdicts.flatMap((verdict) =>
      declarations(verdict, 2).map((line) => `~ ${verdict.scenario}: ${line}`),
    ),
    ...(gate.verdicts.some(({ deviations }) => deviations.length > 0) ? [''] : []),
    ...caveatLines(gate.verdicts),
    gateSentence(gate),
    `Ran on ${devices.join('; ') || 'no backend'}, ${gate.seconds.toFixed(1)} s in all.`,
    `Report: ${path.relative('', report.html)}`,
    '',
  ].join('\n');
}

/** `resumeproof run`: the gate. */
import path from 'node:path';
import { Command } from 'commander';
import type { Verdict } from '../judge/verdict.ts';
import { cutSentence, declarations, deviceSentence, gateSentence, ruleSection } from '../report/summary.ts';
import { tame } from '../report/text.ts';
import { withAskedPlan } from '../run/asked-plan.ts';
import type { GateResult } from '../run/gate.ts';
import { readHistory } from '../run/history-file.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { selectScenarios } from '../run/scenario.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import {
  backends,
  fastOption,
  positive,
  positives,
  type TrainingOptions,
  trainingOptions,
} from './options.ts';
import { print, printJson } from './print.ts';
import { MARKS, openDisplay } from './progress.ts';
import { formatTable } from './table.ts';

interface Options extends TrainingOptions {
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly resumeOn?: string[];
  readonly history?: string;
  readonly fast: boolean;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Runs scenarios, judges each resume against a control that never stopped, and writes a report.',
    )
    .argument('[scenario...]', 'names (* matches anything) or file paths; all by default')
    .option('--steps <n>', 'steps of the whole run; the plan’s by default', positive)
    .option(
      '--resume-at <n,n>',
      'steps after which to save, stop and resume; the plan’s by default',
      positives,
    )
    .option(
      '--resume-on <name,name>',
      'backends to resume on, in turn; by default the scenario’s, else the run’s own',
      backends,
    )
    .option('--history <file>', 'what each process does, as JSON; the plan’s by default')
    .addHelpText('after', "\nExample:\n  resumeproof run 'hooks-*' --backend wasm")
    .action(async (wanted: string[], options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of [...trainingOptions(), fastOption()]) command.addOption(option);
  return command;
}

async function run(wanted: readonly string[], options: Options): Promise<number> {
  requireImages(options.images);
  const selected = await selectScenarios(options.scenarios, wanted);
  const loaded = await inspectScenarios(selected);
  const softwareGpu = await requireBackends(loaded, options);
  const history = options.history === undefined ? {} : { history: await readHistory(options.history) };
  const scenarios = loaded.map((scenario) =>
    withAskedPlan(scenario, { ...planRequest(options), ...history }, softwareGpu),
  );
  const signal = onInterrupt();
  // Imported only here, because the report's image library loads slowly.
  const { runGate } = await import('../run/gate.ts');
  const folder = await makeReportFolder(options.reports, options.backend);
  const display = openDisplay(scenarios);
  let result: GateResult;
  try {
    result = await runGate(scenarios, {
      ...options,
      images: options.images,
      folder,
      signal,
      replay: (scenario) =>
        replayScenario(scenario, {
          ...options,
          ...(options.history === undefined ? {} : { historyFile: options.history }),
        }),
      onProgress: display.progress,
      onVerdict: display.verdict,
    });
  } finally {
    await display.end();
  }
  const { gate, report } = result;
  if (options.json) printJson({ ...gate, report });
  else print(summary({ ...result, gate: tame(gate) }));
  if (signal.aborted)
    say(
      `${gate.problem ?? 'Interrupted after every scenario had finished.'} See ${path.dirname(report.json)}`,
    );
  return signal.aborted ? EXIT.interrupted : gate.passed ? EXIT.passed : EXIT.failed;
}

const planRequest = ({ history: _, ...others }: Options): Omit<Options, 'history'> => others;

/** Lists each caveat once, with the scenarios that it applies to. */
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

/** One line for each scenario that `--fast` ended early. */
function cutLines(verdicts: readonly Verdict[]): string[] {
  const cut = verdicts.filter((verdict) => verdict.cut !== null);
  return cut.length === 0
    ? []
    : [...cut.map((verdict) => `✂ ${verdict.scenario}: ${cutSentence(verdict)}`), ''];
}

function summary({ gate, report }: GateResult): string {
  const rows = gate.verdicts.map(({ asExpected, scenario, proofs, outcome, seconds, deviations, cut }) => {
    const { restored, alive, faithful } = proofs ?? {};
    const mark = (proof: keyof typeof MARKS | undefined): string =>
      proof === undefined
        ? '–'
        : `${MARKS[proof]} ${proof}${deviations.length === 0 ? '' : ', by declaration'}`;
    const fault = outcome === 'refuted' || outcome === 'inconclusive';
    const expected = asExpected && fault ? `${outcome}, as expected` : outcome;
    return [
      asExpected ? '✓' : '✗',
      scenario,
      mark(restored),
      mark(alive),
      mark(faithful),
      `${asExpected ? expected : `${outcome}, NOT AS EXPECTED`}${cut === null ? '' : ', cut'}`,
      `${seconds.toFixed(1)} s`,
    ];
  });
  const failed = gate.verdicts.filter(({ asExpected }) => !asExpected);
  const left = gate.verdicts.filter(({ outcome }) => outcome === 'skipped');
  const ran = gate.verdicts.filter(({ backend }) => backend !== null);
  const devices = [...new Set(ran.map(deviceSentence))];
  return [
    formatTable(['', 'Scenario', 'Restored', 'Alive', 'Faithful', 'Verdict', 'Time'], rows),
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
    `Ran on ${devices.join('; ') || 'no backend'}, ${gate.seconds.toFixed(1)} s in total.`,
    `Report: ${path.relative('', report.html)}`,
    '',
  ].join('\n');
}

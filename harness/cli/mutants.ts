/** `resumeproof mutants`: mutation testing of the rules, which gives the kill matrix. */
import path from 'node:path';
import { Command } from 'commander';
import { type Cell, isMisjudged, type Matrix, type MatrixRow } from '../judge/matrix/matrix.ts';
import { markOf, matrixSentence, rowMark } from '../report/matrix-summary.ts';
import { deviceSentence } from '../report/summary.ts';
import { ownHistory } from '../run/asked-plan.ts';
import { type LoadedFault, selectFaults } from '../run/faults.ts';
import { inspectScenarios } from '../run/inspect.ts';
import type { MutantsResult } from '../run/mutants.ts';
import { replayCell } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { selectScenarios } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { openCounter } from './counter.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { positive, type TrainingOptions, trainingOptions } from './options.ts';
import { print, printJson } from './print.ts';
import { formatTable } from './table.ts';

interface Options extends TrainingOptions {
  readonly fault: readonly string[];
  readonly faults?: string;
  readonly sample?: number;
  readonly allApply: boolean;
  readonly keep: boolean;
}

export function mutantsCommand(): Command {
  const command = new Command('mutants')
    .summary(
      'Injects resume bugs into healthy scenarios and reports which are caught and correctly diagnosed.',
    )
    .description(
      'Injects resume bugs into healthy scenarios and reports which are caught and correctly diagnosed. This is mutation testing: each fault makes a mutant of a trainer, and the rules must catch it.',
    )
    .argument('[scenario...]', 'names (* matches anything) or file paths; all healthy ones by default')
    .option('--fault <id...>', 'only these faults (* matches anything)', [])
    .option('--faults <dir>', 'folder of fault files; this package’s own by default', (dir) =>
      path.resolve(dir),
    )
    .option(
      '--sample <n>',
      'try each fault on only n of the scenarios that it applies to, the same each time',
      positive,
    )
    .option('--all-apply', 'fail if a fault applies to no scenario', false)
    .option('--keep', 'keep the traces of all cells, not only of missed ones', false)
    .addHelpText(
      'after',
      "\nExample:\n  resumeproof mutants --sample 1 --backend wasm\n  resumeproof mutants accumulation --fault 'slots-*'",
    )
    .action(async (wanted: string[], options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of trainingOptions()) command.addOption(option);
  return command;
}

async function run(wanted: readonly string[], options: Options): Promise<number> {
  requireImages(options.images);
  const faults = await selectFaults(options.faults, options.fault);
  const selected = await selectScenarios(options.scenarios, wanted);
  const inspected = await inspectScenarios(selected);
  const commands = inspected.filter(({ scenario }) => scenario.command !== undefined);
  if (commands.length > 0)
    say(
      `left out, because faults cannot be put into a command: ${commands.map(({ name }) => name).join(', ')}`,
    );
  const loaded = inspected.filter(({ scenario }) => scenario.command === undefined);
  if (loaded.length === 0) throw new UsageError('mutants needs a scenario with a trainer');
  const healthy = loaded.filter(({ scenario: { expect = 'proven' } }) => expect === 'proven');
  if (healthy.length === 0) {
    throw new UsageError(
      `mutants needs a healthy scenario, but each of these expects a known fault: ${loaded.map(({ name }) => name).join(', ')}`,
    );
  }
  const softwareGpu = await requireBackends(healthy, options);
  const scenarios = healthy.map((scenario) => ({
    ...scenario,
    history: ownHistory(scenario, softwareGpu),
  }));
  const signal = onInterrupt();
  // Imported only here, because it loads slowly.
  const { runMutants } = await import('../run/mutants.ts');
  const folder = await makeReportFolder(options.reports, `mutants-${options.backend}`);
  const counter = openCounter();
  let result: MutantsResult;
  counter.say(
    `running ${scenarios.length} healthy scenarios, then ${faults.length} faults in each scenario they apply to …`,
  );
  try {
    let ready = 0;
    result = await runMutants(scenarios, faults, {
      ...options,
      images: options.images,
      folder,
      sample: options.sample,
      signal,
      replay: (scenario, fault) => replayCell(scenario, fault, options),
      onScenario: ({ scenario, outcome, falseAlarm, headline }, applicable) => {
        ready += 1;
        const apply = outcome === 'proven' ? `, ${applicable} faults apply` : ` – ${headline}`;
        counter.say(
          `[${ready}/${scenarios.length}] ${falseAlarm ? '✗ FALSE ALARM: ' : ''}${scenario}: ${outcome}${apply}`,
        );
      },
      onCells: counter.expect,
      onCell: (fault, cell) => {
        counter.count();
        if (isMisjudged(cell)) counter.say(cellLine(fault, cell));
      },
    });
  } finally {
    counter.end();
  }
  const { matrix, report } = result;
  if (options.json) printJson({ ...matrix, report });
  else print(summary(result, faults));
  if (signal.aborted) say(`interrupted; see ${path.dirname(report.json)}`);
  return signal.aborted ? EXIT.interrupted : matrix.passed ? EXIT.passed : EXIT.failed;
}

const cellLine = (fault: string, cell: Cell): string =>
  `${markOf(cell).sign} ${fault} in ${cell.scenario}: ${markOf(cell).says}: ${cell.why}`;

function summary({ matrix, report }: MutantsResult, faults: readonly LoadedFault[]): string {
  const head = ['', 'Fault', 'Caught', 'Diagnosed', 'Equivalent', 'Steps', 'Rule'];
  const table = formatTable(head, matrix.matrix.map(tableRow));
  const lines = matrix.matrix.flatMap(({ fault, cells }) =>
    cells.filter(isMisjudged).map((cell) => cellLine(fault.id, cell)),
  );
  const alarms = matrix.scenarios.filter(({ falseAlarm }) => falseAlarm);
  return [
    ...(faults.length > 0 ? [table, ''] : []),
    ...lines,
    ...alarms.map(
      ({ scenario, outcome, headline }) => `✗ false alarm: ${scenario} is ${outcome}: ${headline}`,
    ),
    ...(lines.length + alarms.length > 0 ? [''] : []),
    matrixSentence(matrix),
    ...(matrix.problem === null ? [] : [matrix.problem]),
    figuresLine(matrix),
    `Report: ${path.relative('', report.html)}`,
    '',
  ].join('\n');
}

const figuresLine = ({ cells, device, seconds }: Matrix): string =>
  `${cells.judged} cells judged, ${cells.equivalent} equivalent, ${cells.notApplicable} not applicable, ${cells.notRun} not run; ` +
  `${device === null ? 'no backend' : deviceSentence({ backend: device })}, ${seconds.toFixed(1)} s in total.`;

function tableRow(row: MatrixRow): string[] {
  const of = (outcome: Cell['outcome']): Cell[] => row.cells.filter((cell) => cell.outcome === outcome);
  const caught = of('caught');
  const judged = caught.length + of('missed').length;
  const steps = caught.flatMap((cell) => cell.steps ?? []);
  return [
    rowMark(row).sign,
    row.fault.id,
    `${caught.length}/${judged}`,
    `${caught.filter(({ headlineRight }) => headlineRight).length}/${judged}`,
    String(of('equivalent').length),
    steps.length === 0
      ? '–'
      : steps.length === 1 || Math.min(...steps) === Math.max(...steps)
        ? `${steps[0]}`
        : `${Math.min(...steps)}–${Math.max(...steps)}`,
    [...new Set(row.cells.flatMap(({ rule }) => rule ?? []))].join(', '),
  ];
}

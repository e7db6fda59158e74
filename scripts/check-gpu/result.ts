/** What the check on a GPU machine found: the file that it writes, and the same in words. */
import type { BackendReport } from '../../harness/backend/inspect.ts';
import type { Matrix } from '../../harness/judge/matrix/matrix.ts';
import type { Verdict } from '../../harness/judge/verdict.ts';
import type { KernelCheck } from '../../harness/verify/kernel-check.ts';
import type { StartCost } from '../bench/start.ts';
import type { ProbeCost } from '../bench/steps.ts';

export const CHECK_FORMAT = 1;

/** Why a part of the check has no result. */
export interface NotRun {
  readonly notRun: string;
}

export interface GateFound {
  /** Whether all scenarios finished as expected. */
  readonly passed: boolean;
  readonly problem: string | null;
  readonly wanted: number;
  readonly seconds: number;
  readonly jobs: number;
  readonly verdicts: readonly Pick<
    Verdict,
    'scenario' | 'outcome' | 'asExpected' | 'headline' | 'mismatch' | 'caveats' | 'noise' | 'seconds'
  >[];
}

export interface KernelsFound {
  readonly problem: string | null;
  readonly cases: number;
  readonly seconds: number;
  /** Number of kernels by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Kernels that are wrong or failed. */
  readonly amiss: readonly KernelCheck[];
}

export interface MatrixFound {
  /** Whether the whole sample passed; false if the time ran out. */
  readonly passed: boolean;
  readonly problem: string | null;
  readonly figures: Pick<
    Matrix,
    'faults' | 'caught' | 'headlineRight' | 'healthy' | 'falseAlarms' | 'medianSteps' | 'cells' | 'seconds'
  >;
  /** Cells that were missed or wrongly named. */
  readonly amiss: readonly { fault: string; scenario: string; why: string | null; headline: string | null }[];
  readonly alarms: readonly { scenario: string; headline: string }[];
}

export interface CheckResult {
  readonly format: typeof CHECK_FORMAT;
  readonly version: string;
  readonly startedAt: string;
  /** Duration of the check until the last write. */
  readonly seconds: number;
  readonly machine: {
    readonly node: string;
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryGiB: number;
  };
  readonly device: string;
  readonly driver: string | null;
  readonly backends: readonly BackendReport[];
  readonly gate: GateFound | NotRun;
  readonly kernels: KernelsFound | NotRun;
  /** A probed step compared with a bare one, by model. */
  readonly probe: Readonly<Record<string, ProbeCost | NotRun>>;
  readonly start: Readonly<Record<string, StartCost | NotRun>>;
  readonly matrix: MatrixFound | NotRun;
}

const wasRun = <T extends object>(part: T | NotRun): part is T => !('notRun' in part);

/** The parts without a result. */
export function partsNotRun({ gate, kernels, probe, start, matrix }: CheckResult): string[] {
  const parts = { gate, kernels, ...probe, ...start, 'kill matrix': matrix };
  return Object.entries(parts).flatMap(([name, part]) => (wasRun(part) ? [] : [`${name} (${part.notRun})`]));
}

/**
 * True if the gate passed and the matrix found nothing wrong as far as it got. Wrong kernels of TensorFlow.js are
 * listed but do not fail the check: the gate's verdicts name those that they depend on.
 */
export function hasPassed({ gate, matrix }: CheckResult): boolean {
  const matrixIsClean = !wasRun(matrix) || matrix.amiss.length + matrix.alarms.length === 0;
  return wasRun(gate) && gate.passed && matrixIsClean;
}

/** Renders the result as a Markdown page. */
export function pageOf(result: CheckResult): string {
  const { machine, device, driver, startedAt, version, seconds } = result;
  return [
    `# ${cell(device)}`,
    '',
    `${hasPassed(result) ? 'Passed' : 'NOT PASSED'}. resumeproof ${version}, ${startedAt.slice(0, 10)}, ${seconds.toFixed(0)} s; ` +
      `${driver ?? 'driver unknown'}; ${machine.cores} × ${machine.processor}, ${machine.memoryGiB} GiB; Node ${machine.node}, ${machine.platform}.`,
    '',
    '| part | result | figures |',
    '| --- | --- | --- |',
    ...rowsOf(result).map((row) => `| ${row.map(cell).join(' | ')} |`),
    '',
    ...noiseLines(result),
    ...amissLines(result),
  ].join('\n');
}

type Row = readonly [part: string, result: string, figures: string];

function rowsOf({ gate, kernels, probe, start, matrix, backends }: CheckResult): Row[] {
  const outcome = (part: { passed: boolean; problem: string | null }): string =>
    part.passed ? 'passed' : `NOT PASSED${part.problem === null ? '' : `: ${part.problem}`}`;
  const matrixOutcome = ({ amiss, alarms }: MatrixFound): string =>
    amiss.length + alarms.length === 0 ? 'nothing wrong' : 'NOT PASSED';
  const kernelsOutcome = ({ problem, amiss }: KernelsFound): string =>
    problem ?? (amiss.length === 0 ? 'all correct' : `${amiss.length} wrong`);
  return [
    ...backends.map(
      ({ name, usable, hardware, device, problem, milliseconds }): Row => [
        `\`${name}\``,
        usable ? (hardware ? 'hardware GPU' : 'no GPU') : 'not usable',
        usable ? `${device}, ${milliseconds} ms to open and train one step` : (problem ?? ''),
      ],
    ),
    wasRun(gate) ? ['gate', outcome(gate), gateFigures(gate)] : ['gate', 'not run', gate.notRun],
    wasRun(kernels)
      ? [
          'kernels',
          kernelsOutcome(kernels),
          `${kernels.cases} cases: ${Object.entries(kernels.outcomes)
            .map(([name, count]) => `${count} ${name}`)
            .join(', ')}; ${kernels.seconds.toFixed(1)} s`,
        ]
      : ['kernels', 'not run', kernels.notRun],
    ...Object.entries(probe).map(([what, cost]): Row => {
      const part = `a probed step ÷ a bare one, ${what}`;
      if (!wasRun(cost)) return [part, 'not run', cost.notRun];
      const { step, parameters } = cost;
      const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
      return [
        part,
        `× ${step.ratio.toFixed(3)}`,
        `${ms(step.second)} ÷ ${ms(step.first)}; half of the rounds between ${step.quartiles.map((each) => each.toFixed(3)).join(' and ')}; ${(parameters / 1e6).toFixed(2)} M parameters`,
      ];
    }),
    ...Object.entries(start).map(([backend, cost]): Row => {
      const part = `a step of the image scenario, ${backend}`;
      return wasRun(cost)
        ? [
            part,
            `${cost.step.toFixed(1)} ms`,
            `the harness adds ${cost.added.toFixed(0)} ms until the first step: ${cost.harness.toFixed(0)} − ${cost.bare.toFixed(0)}`,
          ]
        : [part, 'not run', cost.notRun];
    }),
    wasRun(matrix)
      ? ['kill matrix, a sample', matrixOutcome(matrix), matrixFigures(matrix)]
      : ['kill matrix, a sample', 'not run', matrix.notRun],
  ];
}

function gateFigures({ verdicts, wanted, seconds, jobs }: GateFound): string {
  const of = (outcome: string): number => verdicts.filter((each) => each.outcome === outcome).length;
  const skipped = of('skipped');
  return (
    `${verdicts.length} of ${wanted} scenarios finished: ${of('proven')} proven, ${of('refuted')} refuted, ` +
    `${of('inconclusive')} inconclusive, ${skipped} skipped; ${verdicts.filter(({ asExpected }) => !asExpected).length} not as expected; ` +
    `${seconds.toFixed(1)} s, ${jobs} processes at a time`
  );
}

function matrixFigures({ figures, problem }: MatrixFound): string {
  const { faults, caught, headlineRight, healthy, falseAlarms, medianSteps, cells, seconds } = figures;
  return (
    `${caught} of ${faults} faults caught, ${headlineRight} correctly named, in ${cells.judged} cells; ` +
    `${falseAlarms} false alarms in ${healthy} healthy runs; median ${medianSteps ?? '–'} steps; ${seconds.toFixed(0)} s` +
    (problem === null ? '' : `. ${problem}`)
  );
}

/** How much equal runs differ. */
function noiseLines({ gate }: CheckResult): string[] {
  const judged = wasRun(gate) ? gate.verdicts.filter(({ noise }) => noise !== null) : [];
  if (judged.length === 0) return [];
  const noisy = judged.filter(({ noise }) => !noise!.exact);
  const floors = Map.groupBy(
    noisy.flatMap(({ noise }) => noise!.quantities),
    ({ quantity }) => quantity,
  );
  return [
    '## Equal runs',
    '',
    `In ${judged.length - noisy.length} of ${judged.length} scenarios the two controls agree in every bit.` +
      (noisy.length === 0
        ? ''
        : ' In the others, four controls differ by (root mean square, relative to the values):'),
    '',
    ...(noisy.length === 0
      ? []
      : [
          '| quantity | least | most |',
          '| --- | --- | --- |',
          ...[...floors].map(([quantity, those]) => {
            const values = those.map(({ floor }) => floor);
            return `| ${quantity} | ${Math.min(...values).toExponential(1)} | ${Math.max(...values).toExponential(1)} |`;
          }),
          '',
          ...noisy.map(({ scenario, noise }) => `- ${scenario}: ${noise!.text}`),
          '',
        ]),
  ];
}

function amissLines({ gate, kernels, matrix }: CheckResult): string[] {
  const lines = [
    ...(wasRun(gate)
      ? gate.verdicts
          .filter(({ asExpected, caveats }) => !asExpected || caveats.length > 0)
          .map(({ scenario, headline, mismatch, caveats }) =>
            [`- ${scenario}: ${headline}`, mismatch, ...caveats].filter(Boolean).join(' '),
          )
      : []),
    ...(wasRun(kernels)
      ? kernels.amiss.map(
          ({ kernel, outcome, call, problem }) =>
            `- kernel ${kernel} is ${outcome}: ${[call, problem].filter(Boolean).join('; ')}`,
        )
      : []),
    ...(wasRun(matrix)
      ? [
          ...matrix.alarms.map(({ scenario, headline }) => `- false alarm in ${scenario}: ${headline}`),
          ...matrix.amiss.map(
            ({ fault, scenario, why, headline }) =>
              `- fault ${fault} in ${scenario}: ${why}${headline === null ? '' : ` (${headline})`}`,
          ),
        ]
      : []),
  ];
  return lines.length === 0 ? [] : ['## Problems', '', ...lines.map(oneLineOf), ''];
}

const oneLineOf = (line: string): string => line.replaceAll(/\s+/g, ' ').slice(0, 1000);

/** Escapes text from drivers and trainers, so that it cannot end a table cell or open a tag. */
const cell = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');

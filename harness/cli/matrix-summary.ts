/** A kill matrix as text for the terminal. */
import path from 'node:path';
import { type Cell, isMisjudged, type Matrix, type MatrixRow } from '../judge/matrix/matrix.ts';
import { gapsOf, markOf, matrixSentence, rowMark } from '../report/matrix-summary.ts';
import { deviceSentence } from '../report/summary.ts';
import { count } from '../report/text.ts';
import type { MutantsResult } from '../run/mutants.ts';
import { caveatLines } from './gate-summary.ts';
import { wrapped } from './layout.ts';
import { formatTable } from './table.ts';
import { columnsOf } from './terminal.ts';

/** A cell that is not caught, or not correctly named. */
export const cellLine = (fault: string, cell: Cell): string =>
  `${markOf(cell).sign} ${fault} in ${cell.scenario}: ${markOf(cell).says}: ${cell.why}`;

/** @param columns of the terminal */
export function matrixSummary(
  { matrix, report }: MutantsResult,
  columns = columnsOf(process.stdout),
): string {
  const told = (text: string): string[] => wrapped(text, columns, '', '  ');
  const head = ['', 'Fault', 'Caught', 'Diagnosed', 'Equivalent', 'Steps', 'Rule'];
  const applicable = matrix.matrix.filter(({ standing }) => standing !== 'inapplicable');
  const table = formatTable(head, applicable.map(tableRow), columns);
  const lines = matrix.matrix.flatMap(({ fault, cells }) =>
    cells.filter(isMisjudged).map((cell) => cellLine(fault.id, cell)),
  );
  const alarms = matrix.scenarios.filter(({ falseAlarm }) => falseAlarm);
  return [
    ...(applicable.length > 0 ? [table, ''] : []),
    ...lines,
    ...alarms.map(
      ({ scenario, outcome, headline }) => `✗ false alarm: ${scenario} is ${outcome}: ${headline}`,
    ),
    ...(lines.length + alarms.length > 0 ? [''] : []),
    ...caveatLines(matrix.scenarios).flatMap(told),
    ...told(matrixSentence(matrix)),
    ...(matrix.problem === null ? [] : told(matrix.problem)),
    ...gapLines(matrix, columns),
    ...told(figuresLine(matrix)),
    `Report: ${path.relative('', report.html)}`,
    '',
  ].join('\n');
}

const MOST_GAPS = 6;
const MOST_REASONS = 8;

/** Why faults apply to no scenario, a line for all scenarios with the same reasons; the page has them whole. */
function gapLines(matrix: Matrix, columns: number): string[] {
  const gaps = gapsOf(matrix).map(({ scenarios, reasons }) => {
    const parts = reasons
      .slice(0, MOST_REASONS)
      .map(({ why, faults }) => `${why ?? 'no reason given'} (${faults.length})`);
    const rest = reasons.slice(MOST_REASONS);
    const more =
      rest.length === 0
        ? ''
        : `, ${count(rest.length, 'other reason')} (${rest.flatMap(({ faults }) => faults).length})`;
    return `${nameSome(scenarios)}: ${parts.join(', ')}${more}`;
  });
  const lines = [
    ...gaps.slice(0, MOST_GAPS),
    ...(gaps.length > MOST_GAPS ? [`and other reasons in ${gaps.length - MOST_GAPS} more, on the page`] : []),
  ];
  const none = matrix.matrix.length - matrix.applicable;
  return [
    ...(none === 0 ? [] : [`${count(none, 'fault')} ${none === 1 ? 'applies' : 'apply'} to none of them:`]),
    ...lines.flatMap((line) => wrapped(line, columns, '  ', '    ')),
    ...matrix.leftOut.flatMap(({ scenario, why }) =>
      wrapped(`Left out: ${scenario}, because ${why}.`, columns, '', '  '),
    ),
  ];
}

const MOST_NAMES = 5;

const nameSome = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`;

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

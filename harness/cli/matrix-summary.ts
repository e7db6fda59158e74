/** A kill matrix as text for the terminal. */
import path from 'node:path';
import { type Cell, isMisjudged, type Matrix, type MatrixRow } from '../judge/matrix/matrix.ts';
import { markOf, matrixSentence, rowMark } from '../report/matrix-summary.ts';
import { deviceSentence } from '../report/summary.ts';
import type { MutantsResult } from '../run/mutants.ts';
import { formatTable } from './table.ts';

/** A cell that is not caught, or not correctly named. */
export const cellLine = (fault: string, cell: Cell): string =>
  `${markOf(cell).sign} ${fault} in ${cell.scenario}: ${markOf(cell).says}: ${cell.why}`;

export function matrixSummary({ matrix, report }: MutantsResult): string {
  const head = ['', 'Fault', 'Caught', 'Diagnosed', 'Equivalent', 'Steps', 'Rule'];
  const table = formatTable(head, matrix.matrix.map(tableRow));
  const lines = matrix.matrix.flatMap(({ fault, cells }) =>
    cells.filter(isMisjudged).map((cell) => cellLine(fault.id, cell)),
  );
  const alarms = matrix.scenarios.filter(({ falseAlarm }) => falseAlarm);
  return [
    ...(matrix.matrix.length > 0 ? [table, ''] : []),
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

/** The marks and sentences of the kill matrix, shared by the page and the terminal. */
import type { Cell, Matrix, MatrixRow } from '../judge/matrix/matrix.ts';
import type { Tone } from './summary.ts';
import { count } from './text.ts';

export interface Mark {
  readonly sign: string;
  readonly tone: Tone;
  readonly says: string;
}

const CAUGHT: Mark = { sign: '✓', tone: 'good', says: 'caught and correctly diagnosed' };
const MISNAMED: Mark = { sign: '≠', tone: 'doubt', says: 'caught, but wrongly diagnosed' };
const MISSED: Mark = { sign: '✗', tone: 'bad', says: 'missed' };
const EQUIVALENT: Mark = { sign: '=', tone: 'quiet', says: 'equivalent: the trace does not change' };
const INAPPLICABLE: Mark = { sign: '·', tone: 'quiet', says: 'not applicable' };
const NOT_RUN: Mark = { sign: '–', tone: 'quiet', says: 'not run' };
export const MARKS: readonly Mark[] = [CAUGHT, MISNAMED, MISSED, EQUIVALENT, INAPPLICABLE, NOT_RUN];

export function markOf({ outcome, headlineRight }: Pick<Cell, 'outcome' | 'headlineRight'>): Mark {
  if (outcome === 'caught') return headlineRight ? CAUGHT : MISNAMED;
  return { missed: MISSED, equivalent: EQUIVALENT, 'not-applicable': INAPPLICABLE, 'not-run': NOT_RUN }[
    outcome
  ];
}

/** The mark of a fault over all scenarios. */
export function rowMark({ standing, headlineRight }: Pick<MatrixRow, 'standing' | 'headlineRight'>): Mark {
  if (standing === 'caught') return headlineRight ? CAUGHT : MISNAMED;
  if (standing === 'inapplicable') return { ...INAPPLICABLE, says: 'applies to no scenario here' };
  if (standing === 'equivalent') return { ...EQUIVALENT, says: 'without effect on any trace' };
  return { ...MISSED, says: standing === 'missed' ? MISSED.says : NOT_RUN.says };
}

/** The result in figures, of which those of the faults add up. Which faults they are is in the matrix's `problem`. */
export function matrixSentence(matrix: Matrix): string {
  const { passed, matrix: rows, applicable, healthy, falseAlarms, medianSteps, cells } = matrix;
  const parts = STANDINGS.flatMap(({ says, is }) => {
    const those = rows.filter(is).length;
    return those === 0 ? [] : [`${those} ${says}`];
  });
  const steps = medianSteps === null ? '' : ` after a median of ${count(medianSteps, 'step')}`;
  return [
    `${passed ? 'Passed' : 'Failed'}: ${whatApplies(applicable, rows.length)}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}.`,
    ...(cells.judged === 0 ? [] : [`In ${count(cells.judged, 'cell')}, the bug shows${steps}.`]),
    `${count(falseAlarms, 'false alarm')} in ${count(healthy, 'healthy run')}.`,
  ].join(' ');
}

/** What becomes of a fault that applies. */
const STANDINGS: readonly { readonly says: string; readonly is: (row: MatrixRow) => boolean }[] = [
  { says: CAUGHT.says, is: ({ standing, headlineRight }) => standing === 'caught' && headlineRight },
  { says: MISNAMED.says, is: ({ standing, headlineRight }) => standing === 'caught' && !headlineRight },
  { says: MISSED.says, is: ({ standing }) => standing === 'missed' },
  { says: 'without effect on any trace', is: ({ standing }) => standing === 'equivalent' },
  { says: NOT_RUN.says, is: ({ standing }) => standing === 'not-run' },
];

function whatApplies(applicable: number, all: number): string {
  if (applicable === all) return all === 1 ? 'the fault applies' : `all ${all} faults apply`;
  if (applicable === 0)
    return `${all === 1 ? 'the fault does not apply' : `none of ${all} faults applies`} to these scenarios, so nothing was judged`;
  return `${applicable} of ${all} faults ${applicable === 1 ? 'applies' : 'apply'} to these scenarios`;
}

/** Scenarios for which the same reasons keep faults from applying to any scenario at all. */
export interface Gap {
  readonly scenarios: readonly string[];
  /** The reason of the most faults first; null if a fault gives none. */
  readonly reasons: readonly { readonly why: string | null; readonly faults: readonly string[] }[];
}

/** Why faults apply to no scenario. */
export function gapsOf({ matrix, scenarios }: Pick<Matrix, 'matrix' | 'scenarios'>): Gap[] {
  const rows = matrix.filter(({ standing }) => standing === 'inapplicable');
  const gaps = scenarios.map(({ scenario }) => {
    const whys = rows.map(({ fault, cells }) => ({
      id: fault.id,
      why: cells.find((cell) => cell.scenario === scenario)?.why ?? null,
    }));
    const reasons = [...Map.groupBy(whys, ({ why }) => why)]
      .map(([why, those]) => ({ why, faults: those.map(({ id }) => id) }))
      .sort((one, other) => other.faults.length - one.faults.length);
    return { scenario, reasons };
  });
  return [...Map.groupBy(gaps, ({ reasons }) => JSON.stringify(reasons)).values()]
    .filter(([first]) => first!.reasons.length > 0)
    .map((those) => ({ scenarios: those.map(({ scenario }) => scenario), reasons: those[0]!.reasons }));
}

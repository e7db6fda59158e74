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

/** The mark of a fault over all scenarios. One that is equivalent everywhere fails like a missed one. */
export function rowMark({ standing, headlineRight }: Pick<MatrixRow, 'standing' | 'headlineRight'>): Mark {
  if (standing === 'caught') return headlineRight ? CAUGHT : MISNAMED;
  if (standing === 'inapplicable') return { ...INAPPLICABLE, says: 'applies to no scenario here' };
  const says = {
    missed: 'missed',
    equivalent: 'equivalent wherever it applies',
    'not-run': 'not run',
  }[standing];
  return { sign: MISSED.sign, tone: 'bad', says };
}

/** The result in figures. The reason for a failure is in the matrix's `problem`. */
export function matrixSentence(matrix: Matrix): string {
  const { passed, faults, caught, headlineRight, healthy, falseAlarms, medianSteps, cells } = matrix;
  const apart = matrix.matrix.filter(({ standing }) => standing === 'inapplicable').length;
  const steps = medianSteps === null ? '' : `, after a median of ${count(medianSteps, 'step')}`;
  return (
    `${passed ? 'Passed' : 'Failed'}: ${caught} of ${count(faults, 'fault')} caught in ${count(cells.judged, 'cell')}, ` +
    `${headlineRight} correctly diagnosed${steps}; ${count(falseAlarms, 'false alarm')} in ${count(healthy, 'healthy run')}.` +
    (apart === 0
      ? ''
      : ` ${count(apart, 'more fault')} ${apart === 1 ? 'applies' : 'apply'} to no scenario here.`)
  );
}

/** What faults × scenarios amount to, and the schema of matrix.json: was each fault caught, named, and how early. */
import { z } from 'zod';
import { PROOFS, verdictSchema } from '../verdict.ts';

export const MATRIX_FORMAT = 1;

const count = z.int().nonnegative();
const proofs = verdictSchema.shape.proofs;

export const cellSchema = z.object({
  scenario: z.string(),
  outcome: z
    .enum(['caught', 'missed', 'equivalent', 'not-applicable', 'not-run'])
    .describe(
      'caught: refuted, with every proof that the fault must refute; equivalent: proven, and the trace is the ' +
        'healthy run’s in every value; not-applicable: the trainer has not got what the fault breaks',
    ),
  headlineRight: z.boolean().describe('the first finding is of the fault’s rule and names its cause'),
  rule: z.string().nullable().describe('of the first finding'),
  cause: z.string().nullable().describe('named by the verdict'),
  headline: z.string().nullable(),
  proofs: proofs.describe('null where nothing was judged'),
  rules: z.array(z.string()).describe('whose findings refute a proof, in their order'),
  steps: count
    .nullable()
    .describe('after the resume until the first finding that refutes; 0: before the first step'),
  resumes: count.describe(
    'resumed runs judged; fewer than planned where these caught it and named it rightly',
  ),
  why: z.string().nullable().describe('why it is neither caught nor rightly named, or was not run'),
  seconds: z.number().nonnegative(),
  kept: z.string().nullable().describe('folder of its traces and verdict, relative to matrix.json'),
});

const faultSchema = z.object({
  id: z.string(),
  breaks: z.string(),
  reports: z.array(z.string()),
  proofs: z.array(z.enum(PROOFS)),
  rule: z.array(z.string()).describe('any of which may head the findings'),
  cause: z.array(z.string()).describe('any of which may be named'),
});

export const rowSchema = z.object({
  fault: faultSchema,
  standing: z
    .enum(['caught', 'missed', 'equivalent', 'inapplicable', 'not-run'])
    .describe(
      'caught: in every scenario where it can matter, and there is one; equivalent: in all where it applies; ' +
        'inapplicable: to every scenario',
    ),
  headlineRight: z.boolean().describe('in every scenario where it can matter'),
  cells: z.array(cellSchema),
});

const scenarioSchema = z.object({
  scenario: z.string(),
  outcome: verdictSchema.shape.outcome.describe('of the healthy run, judged by the same rules'),
  falseAlarm: z.boolean().describe('the healthy run was judged and is not proven'),
  headline: z.string(),
  seconds: z.number().nonnegative(),
  kept: z.string().nullable(),
});

export const matrixSchema = z.object({
  format: z.literal(MATRIX_FORMAT),
  faults: count.describe('that can matter in at least one scenario'),
  caught: count.describe('of these, in every scenario where they can matter'),
  headlineRight: count.describe('of these, rightly named in every scenario where they can matter'),
  healthy: count.describe('healthy runs judged'),
  falseAlarms: count.describe('of these, not proven'),
  medianSteps: z.number().nullable().describe('over all cells caught; null where none is'),
  passed: z.boolean(),
  problem: z.string().nullable().describe('why it has not passed'),
  cells: z.object({
    judged: count.describe('in which the fault can matter'),
    caught: count,
    headlineRight: count,
    missed: count,
    equivalent: count,
    notApplicable: count,
    notRun: count,
  }),
  sample: count.nullable().describe('scenarios a fault was tried on; null: on all'),
  startedAt: z.string(),
  seconds: z.number().nonnegative(),
  backend: z.string().describe('as asked for'),
  device: verdictSchema.shape.backend.describe('that the first control ran on'),
  scenarios: z.array(scenarioSchema),
  matrix: z.array(rowSchema),
});

export type Cell = z.output<typeof cellSchema>;
export type MatrixFault = z.output<typeof faultSchema>;
export type MatrixRow = z.output<typeof rowSchema>;
export type MatrixScenario = z.output<typeof scenarioSchema>;
export type Matrix = z.output<typeof matrixSchema>;

/** The fault was missed, or caught under a wrong diagnosis. */
export const isMisjudged = ({ outcome, headlineRight }: Pick<Cell, 'outcome' | 'headlineRight'>): boolean =>
  outcome === 'missed' || (outcome === 'caught' && !headlineRight);

/** How a fault stands over all scenarios. */
export function rowOf(fault: MatrixFault, cells: readonly Cell[]): MatrixRow {
  const judged = cells.filter(({ outcome }) => outcome === 'caught' || outcome === 'missed');
  const has = (outcome: Cell['outcome']): boolean => cells.some((cell) => cell.outcome === outcome);
  const standing = (): MatrixRow['standing'] => {
    if (has('missed')) return 'missed';
    if (has('caught')) return 'caught';
    if (has('equivalent')) return 'equivalent';
    return has('not-run') ? 'not-run' : 'inapplicable';
  };
  return {
    fault,
    standing: standing(),
    headlineRight: judged.length > 0 && judged.every(({ headlineRight }) => headlineRight),
    cells: [...cells],
  };
}

export interface MatrixRun {
  readonly startedAt: string;
  readonly seconds: number;
  readonly backend: string;
  readonly device: Matrix['device'];
  readonly sample: number | null;
  /** A fault that applies to no scenario is as red as one that was missed. */
  readonly allApply: boolean;
  /** It was stopped before everything was run. */
  readonly interrupted: boolean;
  readonly scenarios: readonly MatrixScenario[];
  readonly rows: readonly MatrixRow[];
}

/**
 * Nothing passes by default: a fault that no scenario could show is as red as one that was missed. Only one that breaks
 * what no scenario has need not be, as long as others were tried: who trains without an EMA cannot lose it.
 */
export function summarize({ interrupted, allApply, rows, scenarios, ...run }: MatrixRun): Matrix {
  const cells = rows.flatMap((row) => row.cells);
  const those = (outcome: Cell['outcome']): number => cells.filter((cell) => cell.outcome === outcome).length;
  const mattering = rows.filter(({ standing }) => standing === 'caught' || standing === 'missed');
  const alarms = scenarios.filter(({ falseAlarm }) => falseAlarm);
  const healthy = scenarios.filter(({ outcome }) => outcome !== 'skipped').length;
  const problem = problemOf(rows, alarms, healthy, { interrupted, allApply });
  return {
    format: MATRIX_FORMAT,
    faults: mattering.length,
    caught: mattering.filter(({ standing }) => standing === 'caught').length,
    headlineRight: mattering.filter(({ headlineRight }) => headlineRight).length,
    healthy,
    falseAlarms: alarms.length,
    medianSteps: median(cells.flatMap(({ steps }) => steps ?? [])),
    passed: problem === null,
    problem,
    cells: {
      judged: those('caught') + those('missed'),
      caught: those('caught'),
      headlineRight: cells.filter(({ headlineRight }) => headlineRight).length,
      missed: those('missed'),
      equivalent: those('equivalent'),
      notApplicable: those('not-applicable'),
      notRun: those('not-run'),
    },
    ...run,
    scenarios: [...scenarios],
    matrix: [...rows],
  };
}

function problemOf(
  rows: readonly MatrixRow[],
  alarms: readonly MatrixScenario[],
  healthy: number,
  { interrupted, allApply }: Pick<MatrixRun, 'interrupted' | 'allApply'>,
): string | null {
  const of = (standing: MatrixRow['standing']): string[] =>
    rows.filter((row) => row.standing === standing).map(({ fault }) => fault.id);
  const inapplicable = of('inapplicable');
  const red = allApply || inapplicable.length === rows.length;
  const misnamed = rows.filter(({ standing, headlineRight }) => standing === 'caught' && !headlineRight);
  const parts = [
    interrupted ? 'interrupted, and what was finished is kept' : null,
    rows.length === 0 ? 'no fault was tried' : null,
    healthy === 0 ? 'no healthy run was judged' : null,
    named(
      'false alarm on',
      alarms.map(({ scenario }) => scenario),
    ),
    named('missed:', of('missed')),
    named(
      'wrongly named:',
      misnamed.map(({ fault }) => fault.id),
    ),
    named('equivalent wherever it applies:', of('equivalent')),
    named('applies to no scenario here:', red ? inapplicable : []),
    named('not run:', of('not-run')),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  const [first, ...rest] = parts.join('; ');
  return `${first!.toUpperCase()}${rest.join('')}.`;
}

const NAMED = 5;

function named(what: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${what} ${names.slice(0, NAMED).join(', ')}${more}`;
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

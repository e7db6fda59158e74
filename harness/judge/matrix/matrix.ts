/** The matrix of faults × scenarios, and the schema of matrix.json: whether each fault was caught and named, and how early. */
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
      'caught: every proof that the fault must refute is refuted; equivalent: proven, and every value of the trace ' +
        'equals the healthy run’s; not-applicable: the trainer does not have what the fault breaks',
    ),
  headlineRight: z
    .boolean()
    .describe('the first finding is of the fault’s rule, and the verdict names its cause'),
  rule: z.string().nullable().describe('the rule of the first finding'),
  cause: z.string().nullable().describe('the cause that the verdict names'),
  headline: z.string().nullable(),
  proofs: proofs.describe('null if nothing was judged'),
  rules: z.array(z.string()).describe('rules whose findings refute a proof, in their order'),
  steps: count
    .nullable()
    .describe('steps from the resume to the first refuting finding; 0: before the first step'),
  resumes: count.describe(
    'resumed runs judged; fewer than planned if these caught the fault and it was correctly named',
  ),
  why: z
    .string()
    .nullable()
    .describe('why the fault does not apply, was not caught, not correctly named, or not run'),
  seconds: z.number().nonnegative(),
  kept: z.string().nullable().describe('folder of its traces and verdict, relative to matrix.json'),
});

const faultSchema = z.object({
  id: z.string(),
  breaks: z.string(),
  reports: z.array(z.string()),
  proofs: z.array(z.enum(PROOFS)),
  rule: z.array(z.string()).describe('one of these rules must head the findings'),
  cause: z.array(z.string()).describe('one of these causes must be named'),
});

export const rowSchema = z.object({
  fault: faultSchema,
  standing: z
    .enum(['caught', 'missed', 'equivalent', 'inapplicable', 'not-run'])
    .describe(
      'caught: in every scenario where it matters, and in at least one; equivalent: in every scenario where it ' +
        'applies, so that no trace shows it; inapplicable: it applies to no scenario',
    ),
  headlineRight: z.boolean().describe('correctly named in every scenario where it matters'),
  cells: z.array(cellSchema),
});

const scenarioSchema = z.object({
  scenario: z.string(),
  outcome: verdictSchema.shape.outcome.describe('the outcome of the healthy run, judged by the same rules'),
  falseAlarm: z.boolean().describe('the healthy run was judged but is not proven'),
  headline: z.string(),
  caveats: z.array(z.string()).describe('what limits its results, such as another backend that `auto` chose'),
  seconds: z.number().nonnegative(),
  kept: z.string().nullable(),
});

export const matrixSchema = z.object({
  format: z.literal(MATRIX_FORMAT),
  applicable: count.describe('faults that apply to at least one scenario'),
  faults: count.describe('of these, those that matter in at least one scenario: they change its trace'),
  caught: count.describe('of these, caught in every scenario where they matter'),
  headlineRight: count.describe('of these, correctly named in every scenario where they matter'),
  healthy: count.describe('healthy runs judged'),
  falseAlarms: count.describe('of these, not proven'),
  medianSteps: z.number().nullable().describe('median over all caught cells; null if there is none'),
  passed: z.boolean(),
  problem: z.string().nullable().describe('why the matrix did not pass'),
  cells: z.object({
    judged: count.describe('cells in which the fault matters'),
    caught: count,
    headlineRight: count,
    missed: count,
    equivalent: count,
    notApplicable: count,
    notRun: count,
  }),
  sample: count.nullable().describe('how many scenarios each fault was tried on; null: all'),
  startedAt: z.string(),
  seconds: z.number().nonnegative(),
  backend: z.string().describe('as requested'),
  device: verdictSchema.shape.backend.describe('the device of the first control'),
  scenarios: z.array(scenarioSchema),
  leftOut: z
    .array(z.object({ scenario: z.string(), why: z.string() }))
    .describe('scenarios that no fault can be put into'),
  matrix: z.array(rowSchema),
});

export type Cell = z.output<typeof cellSchema>;
export type MatrixFault = z.output<typeof faultSchema>;
export type MatrixRow = z.output<typeof rowSchema>;
export type MatrixScenario = z.output<typeof scenarioSchema>;
export type Matrix = z.output<typeof matrixSchema>;

/** Whether the fault was missed, or caught but not correctly named. */
export const isMisjudged = ({ outcome, headlineRight }: Pick<Cell, 'outcome' | 'headlineRight'>): boolean =>
  outcome === 'missed' || (outcome === 'caught' && !headlineRight);

/** The row of a fault: its cells, and its standing over all scenarios. */
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
  /** Whether a fault that applies to no scenario, or changes no trace, fails the matrix. */
  readonly allApply: boolean;
  /** Whether it was stopped before everything was run. */
  readonly interrupted: boolean;
  readonly scenarios: readonly MatrixScenario[];
  readonly leftOut: Matrix['leftOut'];
  readonly rows: readonly MatrixRow[];
}

/**
 * A fault that no scenario can show, because it applies to none or changes no trace, is a fact of the scenarios: training
 * without an EMA cannot lose it. It fails the matrix if that is asked for. Nothing passes by default: it also does if no
 * other fault was tried.
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
    applicable: rows.filter(({ standing }) => standing !== 'inapplicable').length,
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
  const nothingJudged = !rows.some(({ standing }) => standing === 'caught' || standing === 'missed');
  const failing = (standing: MatrixRow['standing']): string[] =>
    allApply || nothingJudged ? of(standing) : [];
  const misnamed = rows.filter(({ standing, headlineRight }) => standing === 'caught' && !headlineRight);
  const parts = [
    interrupted ? 'interrupted: the finished cells are kept' : null,
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
    named('without effect on any trace:', failing('equivalent')),
    named('applies to no scenario here:', failing('inapplicable')),
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

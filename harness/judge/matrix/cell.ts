/** A cell: one fault on one scenario. Judges whether the fault was caught, correctly named, and how early. */
import type { Trace } from '../../trace/schema.ts';
import type { Judgement } from '../judge.ts';
import type { Cell, MatrixFault } from './matrix.ts';

/** The part of a cell that follows from its traces. */
export type JudgedCell = Omit<Cell, 'scenario' | 'seconds' | 'kept'>;

/** Whether the diagnosis names the fault: by the rule that heads the findings, and by the cause. */
export function isCorrectlyNamed(fault: Pick<MatrixFault, 'rule' | 'cause'>, judgement: Judgement): boolean {
  const { cause } = judgement;
  const [first] = judgement.findings;
  const named = fault.cause.some((one) => one === cause);
  return fault.rule.some((rule) => rule === first?.rule) && named;
}

/**
 * @param healthy the traces, without the fault, of the processes that the fault can change
 * @param faulty the traces of the same processes with the fault, in the same order
 */
export function judgeCell(
  fault: MatrixFault,
  judgement: Judgement,
  healthy: readonly Trace[],
  faulty: readonly Trace[],
): JudgedCell {
  const refuting = judgement.findings.filter(({ refutes }) => refutes);
  const stood = fault.proofs.filter((proof) => judgement.proofs?.[proof] !== 'refuted');
  const same = judgement.outcome === 'proven' && sameRecords(healthy, faulty);
  const caught = judgement.outcome === 'refuted' && stood.length === 0;
  const headlineRight = caught && isCorrectlyNamed(fault, judgement);
  return {
    outcome: caught ? 'caught' : same ? 'equivalent' : 'missed',
    headlineRight,
    rule: judgement.findings[0]?.rule ?? null,
    cause: judgement.cause,
    headline: judgement.headline,
    proofs: judgement.proofs,
    rules: [...new Set(refuting.map(({ rule }) => rule))],
    steps: caught ? stepsUntil(refuting, judgement.plan) : null,
    resumes: judgement.plan.resumeAt.length,
    why: headlineRight || same ? null : whyNot(fault, judgement, stood),
  };
}

/** A cell with nothing to judge. */
export const unjudged = (outcome: 'not-applicable' | 'not-run', why: string | null): JudgedCell => ({
  outcome,
  headlineRight: false,
  rule: null,
  cause: null,
  headline: null,
  proofs: null,
  rules: [],
  steps: null,
  resumes: 0,
  why,
});

function whyNot(fault: MatrixFault, judgement: Judgement, stood: readonly string[]): string {
  const { outcome, noise, findings } = judgement;
  if (outcome === 'proven') {
    const noisy = noise?.exact === true ? '' : '; equal runs differ here too, which can hide the fault';
    return `nothing was found, although the trace differs from the healthy run’s${noisy}`;
  }
  if (outcome === 'inconclusive') return 'nothing was refuted: the evidence is flawed';
  if (stood.length > 0) return `not refuted, but must be: ${stood.join(', ')}`;
  const [first] = findings;
  if (!fault.rule.some((rule) => rule === first?.rule)) {
    return `the first finding is of rule ${first?.rule ?? 'none'} instead of ${fault.rule.join(' or ')}`;
  }
  return `the cause named is ${judgement.cause ?? 'none'} instead of ${fault.cause.join(' or ')}`;
}

/** The steps from the resume to the first finding. A finding without a step counts at the end of its segment. */
function stepsUntil(refuting: Judgement['findings'], { resumeAt, steps }: Judgement['plan']): number {
  const waits = refuting.map(({ resume, step }) => {
    const index = Math.max(resume, 1);
    const from = resumeAt[index - 1] ?? 0;
    return Math.max(0, (step ?? resumeAt[index] ?? steps) - from);
  });
  return Math.min(...waits);
}

/** Durations, processes and kernels are not part of what was computed. */
const INCIDENTAL = new Set(['seconds', 'process', 'kernels']);

const withoutIncidentals = (key: string, value: unknown): unknown => {
  if (INCIDENTAL.has(key)) return undefined;
  // JSON writes NaN and the infinities as null.
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

/** Compares record by record, because a whole trace may exceed the longest string. */
function sameRecords(healthy: readonly Trace[], faulty: readonly Trace[]): boolean {
  const text = (record: unknown): string => JSON.stringify(record, withoutIncidentals);
  const same = (one: Trace, other: Trace): boolean =>
    (['steps', 'states', 'samples', 'saved'] as const).every(
      (kind) =>
        one[kind].length === other[kind].length &&
        one[kind].every((record, at) => text(record) === text(other[kind][at])),
    ) &&
    text([one.run, one.resumed, one.failure, one.end, one.defect]) ===
      text([other.run, other.resumed, other.failure, other.end, other.defect]);
  return healthy.length === faulty.length && healthy.every((trace, at) => same(trace, faulty[at]!));
}

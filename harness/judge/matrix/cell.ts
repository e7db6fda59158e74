/** One fault in one scenario: whether its traces show it, say what it is, and how soon. */
import type { Trace } from '../../trace/schema.ts';
import type { Judgement } from '../judge.ts';
import type { Cell, MatrixFault } from './matrix.ts';

/** What of a cell is said by its traces. */
export type JudgedCell = Omit<Cell, 'scenario' | 'seconds' | 'kept'>;

/** Whether the diagnosis is the fault's: the rule that heads the findings, and the cause. */
export function rightlyNamed(fault: Pick<MatrixFault, 'rule' | 'cause'>, judgement: Judgement): boolean {
  const { cause } = judgement;
  const [first] = judgement.findings;
  const named = fault.cause.some((one) => one === cause);
  return fault.rule.some((rule) => rule === first?.rule) && named;
}

/**
 * @param healthy the traces that the fault could have changed, as they are without it
 * @param faulty the same processes' with it, in the same order
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
  const headlineRight = caught && rightlyNamed(fault, judgement);
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

/** A cell of which there is nothing to judge. */
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
    const unlike = noise?.exact === true ? '' : ' or equal runs differ here, which hides it';
    return `nothing was found, though the trace differs from the healthy run’s${unlike}`;
  }
  if (outcome === 'inconclusive') return 'nothing was refuted: the evidence is amiss';
  if (stood.length > 0) return `not refuted, though it must be: ${stood.join(', ')}`;
  const [first] = findings;
  if (!fault.rule.some((rule) => rule === first?.rule)) {
    return `headed by ${first?.rule ?? 'nothing'} and not by ${fault.rule.join(' or ')}`;
  }
  return `the cause named is ${judgement.cause ?? 'none'} and not ${fault.cause.join(' or ')}`;
}

/** After the resume that a finding is of, until the step that it is seen in: at the latest the window's last. */
function stepsUntil(refuting: Judgement['findings'], { resumeAt, steps }: Judgement['plan']): number {
  const waits = refuting.map(({ resume, step }) => {
    const index = Math.max(resume, 1);
    const from = resumeAt[index - 1] ?? 0;
    return Math.max(0, (step ?? resumeAt[index] ?? steps) - from);
  });
  return Math.min(...waits);
}

/** How long something took, in which process, and by which kernels, is not what was computed. */
const INCIDENTAL = new Set(['seconds', 'process', 'kernels']);

const withoutIncidentals = (key: string, value: unknown): unknown => {
  if (INCIDENTAL.has(key)) return undefined;
  // JSON writes NaN and the infinities alike.
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

/** Record by record: a whole trace may be longer than a string can be. */
function sameRecords(healthy: readonly Trace[], faulty: readonly Trace[]): boolean {
  const text = (record: unknown): string => JSON.stringify(record, withoutIncidentals);
  const same = (one: Trace, other: Trace): boolean =>
    (['steps', 'states', 'samples', 'checkpoints'] as const).every(
      (kind) =>
        one[kind].length === other[kind].length &&
        one[kind].every((record, at) => text(record) === text(other[kind][at])),
    ) &&
    text([one.run, one.failure, one.end, one.defect]) ===
      text([other.run, other.failure, other.end, other.defect]);
  return healthy.length === faulty.length && healthy.every((trace, at) => same(trace, faulty[at]!));
}

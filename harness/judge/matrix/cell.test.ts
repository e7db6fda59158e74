import { expect, test } from 'vitest';
import type { Plan } from '../../trace/schema.ts';
import { collectEvidence } from '../collect.ts';
import { firstResumes } from '../cut.ts';
import { type Judgement, judge } from '../judge.ts';
import { type Draft, healthyTraces } from '../testing/traces.ts';
import { type JudgedCell, judgeCell } from './cell.ts';
import type { MatrixFault } from './matrix.ts';

const plan: Plan = { steps: 9, resumeAt: [3, 6] };
const FAULT: MatrixFault = {
  id: 'fault',
  breaks: 'The resumed run uses different batches.',
  reports: [],
  proofs: ['faithful'],
  rule: ['batches-differ'],
  cause: ['data-reshuffled'],
};

const isAfter = ({ run }: Draft): boolean => run?.role === 'after';

/** The cell of a fault that spoils the resumed runs. */
function cellOf(spoil: (resumed: readonly Draft[]) => void, fault = FAULT, noisy = false): JudgedCell {
  const healthy = healthyTraces({ plan, noisy });
  const faulty = healthyTraces({ plan, noisy });
  spoil(faulty.all.filter(isAfter));
  const subject = { scenario: 'tested', about: '', expect: 'proven', replay: '' } as const;
  const judgement = judge(subject, collectEvidence(plan, 'wasm', faulty.all));
  return judgeCell(fault, judgement, healthy.all.filter(isAfter), faulty.all.filter(isAfter));
}

const otherBatch = (trace: Draft, at: number): void => {
  trace.steps[at]!.claimed.batch = ['another'];
};

test('steps are counted from the faulty resume', () => {
  const cell = cellOf(([, second]) => otherBatch(second!, 1));
  expect(cell).toMatchObject({ outcome: 'caught', rule: 'batches-differ', steps: 2 });
  expect(cellOf(([first]) => otherBatch(first!, 0)).steps).toBe(1);
});

test('a fault is caught if every proof that it must refute is refuted, and named by the first finding', () => {
  const spoil = ([first]: readonly Draft[]) => otherBatch(first!, 0);
  expect(cellOf(spoil, { ...FAULT, proofs: ['faithful', 'alive'] })).toMatchObject({
    outcome: 'missed',
    headlineRight: false,
    steps: null,
    why: 'not refuted, but must be: alive',
  });
  expect(cellOf(spoil, { ...FAULT, rule: ['loss-differs'] })).toMatchObject({
    outcome: 'caught',
    headlineRight: false,
    why: 'the first finding is of rule batches-differ instead of loss-differs',
  });
});

test('a fault is equivalent only if it leaves every recorded value unchanged', () => {
  const incidental = cellOf(([first]) => {
    first!.steps[0]!.seconds += 1;
    first!.run!.process.pid += 1;
    first!.end!.kernels = ['ZerosLike'];
  });
  expect(incidental).toMatchObject({ outcome: 'equivalent', why: null });
  // No rule reads this value, but it is recorded.
  const unseen = cellOf(([first]) => {
    first!.states.at(-1)!.tensors[0]!.storage += 100;
  });
  expect(unseen).toMatchObject({
    outcome: 'missed',
    why: expect.stringMatching(/nothing was found, although/),
  });
});

test('the first of several resumes can be proven alone, and a fault in it is found', () => {
  const subject = { scenario: 'tested', about: '', expect: 'proven', replay: '' } as const;
  const judged = (traces: readonly Draft[]): Judgement => {
    const first = firstResumes(plan, traces, 1);
    return judge(subject, collectEvidence(first.plan, 'wasm', first.traces));
  };
  const { all, after } = healthyTraces({ plan });
  // The second resume has not been made yet.
  expect(judged(all.filter((trace) => trace !== after[1]))).toMatchObject({
    outcome: 'proven',
    findings: [],
  });
  otherBatch(after[1]!, 0);
  expect(judged(all).outcome).toBe('proven');
  otherBatch(after[0]!, 2);
  expect(judged(all).findings[0]).toMatchObject({ rule: 'batches-differ', resume: 1, step: 6 });
});

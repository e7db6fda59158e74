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
  breaks: 'The batches of the resumed run are others.',
  reports: [],
  proofs: ['faithful'],
  rule: ['batches-differ'],
  cause: ['data-reshuffled'],
};

const isAfter = ({ run }: Draft): boolean => run?.role === 'after';

/** Of the resumed runs, spoilt so. */
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

test('steps are counted from the resume that goes wrong', () => {
  const cell = cellOf(([, second]) => otherBatch(second!, 1));
  expect(cell).toMatchObject({ outcome: 'caught', rule: 'batches-differ', steps: 2 });
  expect(cellOf(([first]) => otherBatch(first!, 0)).steps).toBe(1);
});

test('caught is what refutes every proof that it must; named is what the first finding says', () => {
  const spoil = ([first]: readonly Draft[]) => otherBatch(first!, 0);
  expect(cellOf(spoil, { ...FAULT, proofs: ['faithful', 'alive'] })).toMatchObject({
    outcome: 'missed',
    headlineRight: false,
    steps: null,
    why: 'not refuted, though it must be: alive',
  });
  expect(cellOf(spoil, { ...FAULT, rule: ['loss-differs'] })).toMatchObject({
    outcome: 'caught',
    headlineRight: false,
    why: 'headed by batches-differ and not by loss-differs',
  });
});

test('equivalent is what leaves every recorded value as it was, and nothing else', () => {
  const incidental = cellOf(([first]) => {
    first!.steps[0]!.seconds += 1;
    first!.run!.process.pid += 1;
    first!.end!.kernels = ['ZerosLike'];
  });
  expect(incidental).toMatchObject({ outcome: 'equivalent', why: null });
  // No rule looks at it, and it is recorded.
  const unseen = cellOf(([first]) => {
    first!.states.at(-1)!.tensors[0]!.storage += 100;
  });
  expect(unseen).toMatchObject({
    outcome: 'missed',
    why: expect.stringMatching(/nothing was found, though/),
  });
});

test('the first of several resumes is proven by itself, and what is wrong in it is found', () => {
  const subject = { scenario: 'tested', about: '', expect: 'proven', replay: '' } as const;
  const judged = (traces: readonly Draft[]): Judgement => {
    const first = firstResumes(plan, traces, 1);
    return judge(subject, collectEvidence(first.plan, 'wasm', first.traces));
  };
  const { all, after } = healthyTraces({ plan });
  // The second was not made yet.
  expect(judged(all.filter((trace) => trace !== after[1]))).toMatchObject({
    outcome: 'proven',
    findings: [],
  });
  otherBatch(after[1]!, 0);
  expect(judged(all).outcome).toBe('proven');
  otherBatch(after[0]!, 2);
  expect(judged(all).findings[0]).toMatchObject({ rule: 'batches-differ', resume: 1, step: 6 });
});

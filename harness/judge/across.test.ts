import { expect, test } from 'vitest';
import { type History, historyOf } from '../trace/history.ts';
import type { Plan } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { type Judgement, judge } from './judge.ts';
import { type Draft, healthyTraces, type Traces } from './testing/traces.ts';

const BACKENDS = ['cpu', 'webgpu', 'node-gpu'];
const PLAN: Plan = { steps: 8, resumeAt: [4, 6, 7], resumeOn: BACKENDS };
const FACTORS: Record<string, number> = { wasm: 1, cpu: 1 + 3e-7, webgpu: 1 - 5e-7, 'node-gpu': 1 + 7e-7 };

/** Changes a trace as if another backend had computed it: every measured value is rounded differently. */
function on(trace: Draft, name: string, factor = FACTORS[name]!): void {
  trace.run!.backend = { ...trace.run!.backend, name, adapter: `the adapter of ${name}` };
  for (const step of trace.steps) {
    step.claimed.loss *= factor;
    for (const column of ['l2', 'updateL2', 'gradientL2'] as const) {
      step[column] = step[column].map((value) => (value === null ? null : value * factor)) as number[];
    }
  }
  for (const record of [...trace.states.filter(({ at }) => at !== 'resume'), ...trace.samples]) {
    if ('tensors' in record) {
      for (const tensor of record.tensors) {
        if (tensor.kind !== 'gradient' && tensor.name !== 'frozen')
          rounded(tensor, `${name}${tensor.digest}`, factor);
      }
    } else if (record.at !== 'resume' && record.type !== 'text')
      rounded(record, `${name}${record.digest}`, factor);
  }
}

function rounded(
  record: { digest: string; l2?: number | undefined; sketch?: number[] | undefined },
  text: string,
  factor: number,
): void {
  if (factor === 1) return;
  record.digest = Buffer.from(text).toString('hex').slice(-64);
  record.l2 = record.l2! * factor;
  record.sketch = record.sketch!.map((sum) => sum * factor);
}

/** A run that is saved on wasm and resumed on each of the other backends, with a control on each. */
function across(): Traces {
  const traces = healthyTraces({ plan: PLAN, controls: 4 });
  on(traces.control, 'wasm');
  on(traces.before, 'wasm');
  for (const [at, name] of BACKENDS.entries()) {
    on(traces.twins[at]!, name);
    on(traces.after[at]!, name);
    // A resumed process holds what the previous process saved.
    const saved = traces.after[at]!.states.find((state) => state.at === 'save');
    const resumed = traces.after[at + 1]?.states.find((state) => state.at === 'resume');
    if (saved !== undefined && resumed !== undefined) resumed.tensors = structuredClone(saved.tensors);
  }
  on(traces.cold, 'cpu');
  return traces;
}

const verdictOf = ({ all }: Traces, plan: Plan | History = PLAN): Judgement =>
  judge(
    { scenario: 'tested', about: 'a test', expect: 'proven', replay: 'again' },
    collectEvidence(plan, 'wasm', all),
  );

test('a run that continues on other backends is proven if it stays within the differences of controls on them', () => {
  const verdict = verdictOf(across());
  expect(verdict.findings).toEqual([]);
  expect(verdict.noise).toMatchObject({ exact: false, controls: 4 });
});

test('a difference larger than between the backends is found', () => {
  const traces = across();
  for (const step of traces.after[0]!.steps) step.claimed.loss *= 1.001;
  expect(verdictOf(traces).headline).toMatch(/After resume 1, the logged loss .* at step 5/);
});

test('state that is restored on another backend must be equal to the bit', () => {
  const traces = across();
  traces.after[0]!.states.find(({ at }) => at === 'resume')!.tensors[0]!.digest = 'f'.repeat(64);
  const verdict = verdictOf(traces);
  expect(verdict.proofs?.restored).toBe('refuted');
});

test('a resume on a backend that the plan does not request makes the evidence flawed', () => {
  const traces = across();
  on(traces.after[0]!, 'wasm');
  expect(verdictOf(traces)).toMatchObject({
    outcome: 'inconclusive',
    headline: 'The after-1 process ran on wasm (the adapter of wasm) instead of cpu.',
  });
});

test('without a control on each backend, the verdict is inconclusive', () => {
  const traces = across();
  traces.all.splice(traces.all.indexOf(traces.twins[1]!), 1);
  expect(verdictOf(traces)).toMatchObject({
    outcome: 'inconclusive',
    headline: 'There is no trace of the control on webgpu process.',
  });
});

test('some resumes name a backend, and others run on that of the run', () => {
  const history = historyOf(PLAN);
  const some: History = {
    ...history,
    processes: history.processes.map(({ backend, ...process }) =>
      backend === 'node-gpu' || backend === undefined ? process : { ...process, backend },
    ),
  };
  const traces = across();
  traces.all.splice(traces.all.indexOf(traces.twins[2]!), 1);
  on(traces.after[2]!, 'wasm', 1 / FACTORS['node-gpu']!);
  expect(verdictOf(traces, some)).toMatchObject({ outcome: 'proven', findings: [] });
  traces.all.splice(traces.all.indexOf(traces.twins[1]!), 1);
  expect(verdictOf(traces, some).headline).toBe('There is no trace of the control on webgpu process.');
});

test('before the save, a run on a deterministic backend must equal its control to the bit', () => {
  const traces = across();
  traces.before.steps[1]!.claimed.loss *= 1 + 1e-12;
  expect(verdictOf(traces).findings[0]?.rule).toBe('not-reproducible');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coveredBy } from '../trace/deviations.ts';
import type { Deviation, Plan, SampleRecord } from '../trace/schema.ts';
import { CAUSES } from './causes/index.ts';
import { collectEvidence } from './collect.ts';
import { findingsOf, type Judgement, judge } from './judge.ts';
import { partingOf } from './parting/parting.ts';
import { RULES } from './rules/index.ts';
import { CASES, freeze, scatter, spoil, spoilt, stopFinite, tensors } from './testing/cases.ts';
import { type Draft, healthyTraces, PLAN, type Traces } from './testing/traces.ts';
import type { Expectation } from './verdict.ts';

/** A digest that no healthy trace has. */
const other = 'f'.repeat(64);

function verdictOf(
  { all }: Pick<Traces, 'all'>,
  plan: Plan = PLAN,
  expected: Expectation = 'proven',
): Judgement {
  const subject = { scenario: 'tested', about: 'a test', expect: expected, replay: 'again' };
  return judge(subject, collectEvidence(plan, 'wasm', all));
}

const rulesOf = ({ findings }: Judgement): string[] => [...new Set(findings.map(({ rule }) => rule))];

test.each<[string, Plan, boolean, Deviation[]]>([
  ['once', { steps: 8, resumeAt: [4] }, false, []],
  ['three times', { steps: 9, resumeAt: [1, 2, 8] }, false, []],
  ['on a backend that is not deterministic', PLAN, true, []],
  [
    'once and deviates as declared',
    PLAN,
    false,
    ['data-order', 'step-count', 'random', 'slots', 'precision'],
  ],
  ['twice and deviates as declared', { steps: 9, resumeAt: [3, 6] }, false, ['random', 'precision']],
])('a healthy run that is resumed %s is proven', (_, plan, noisy, deviates) => {
  const verdict = verdictOf(healthyTraces({ plan, noisy, deviates }), plan);
  expect(verdict.deviations.map(({ kind }) => kind)).toEqual(deviates);
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({
    outcome: 'proven',
    proofs: { restored: 'proven', alive: 'proven', faithful: 'proven' },
    asExpected: true,
  });
});

test('a verdict counts what was compared, so that a proof is seen not to be empty', () => {
  const traces = healthyTraces();
  const whole = {
    processes: 3,
    steps: 4,
    tensors: 2 * 17,
    samples: 2 * 4,
    generators: 2 * 2,
    counters: 2 * 3,
  };
  expect(verdictOf(traces).compared).toEqual(whole);
  for (const trace of traces.all) {
    for (const state of trace.states) state.random = {};
    for (const step of trace.steps) delete step.random;
    trace.samples = [];
    trace.run!.lacks = ['samples', 'random'];
  }
  expect(verdictOf(traces)).toMatchObject({
    outcome: 'proven',
    compared: { ...whole, samples: 0, generators: 0 },
  });
});

describe('each way to spoil a run is found by its rule', () => {
  test.each(CASES)('$rule: $what', (one) => {
    const { rule, says, proof, also = [] } = one;
    const verdict = verdictOf(spoilt(one));
    const [headline] = verdict.findings;
    expect(headline?.rule, JSON.stringify(rulesOf(verdict))).toBe(rule);
    expect([headline?.sentence, headline?.seen, headline?.likelyCause].join('\n')).toMatch(says);
    // The diagnosis explains all findings. Without a cause, it says where the runs part, or the first finding is the headline.
    if (verdict.cause === null) {
      const { ranks } = collectEvidence(PLAN, 'wasm', spoilt(one).all);
      const partings = ranks.flatMap((evidence) =>
        evidence.resumes.flatMap((resume) => partingOf(evidence, resume) ?? []),
      );
      const ends = [
        headline?.sentence ?? '',
        ...partings.map(({ sentence }) => `fter resume 1, ${sentence}.`),
      ];
      expect(ends.filter((end) => verdict.headline.endsWith(end))).not.toEqual([]);
    } else {
      expect(verdict.headline).toMatch(/^(On .+, a|A)fter resume 1, .+\.$/s);
      expect(CAUSES.find(({ id }) => id === verdict.cause)?.heads).toContain(rule);
    }
    expect(rulesOf(verdict)).toEqual(expect.arrayContaining([...also]));
    expect(verdict.outcome).toBe(proof === undefined ? 'inconclusive' : 'refuted');
    if (proof !== undefined) expect(verdict.proofs?.[proof]).toBe('refuted');
    expect(verdict.asExpected).toBe(false);
  });

  test('every rule has a way to spoil a run', () => {
    const tested = new Set(CASES.map(({ rule }) => rule));
    expect(RULES.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
  });
});

test('processes that resume can list the parameters in another order', () => {
  const traces = healthyTraces();
  for (const { run, steps } of traces.all) {
    if (run?.role !== 'after' && run?.role !== 'again') continue;
    for (const step of steps)
      for (const [field, values] of Object.entries(step))
        if (Array.isArray(values) && field !== 'observed')
          Object.assign(step, { [field]: values.toReversed() });
  }
  expect(verdictOf(traces)).toMatchObject({ outcome: 'proven', findings: [] });
});

describe('slots that are missing before the first step', () => {
  /** @param observe how steps record the slots, from their place and the step; undefined: not at all */
  function missing(observe?: (trace: Draft, at: number, step: number) => number): Traces {
    const traces = healthyTraces();
    const slots = traces.control.states.at(-1)!.tensors.filter(({ kind }) => kind === 'slot');
    for (const trace of traces.all) {
      for (const state of trace.states)
        if (state.at === 'resume') state.tensors = state.tensors.filter(({ kind }) => kind !== 'slot');
      if (observe === undefined) continue;
      for (const step of trace.steps)
        step.observed = slots.map(({ name }, at) => ({
          kind: 'slot',
          name,
          l2: observe(trace, at, step.step),
          sketch: [],
        }));
    }
    return traces;
  }
  /** As the states show them. */
  const norm = (step: number): number => 1 + step;

  test('may be restored at the first update, which is inconclusive if no step records them', () => {
    const { outcome, proofs, headline } = verdictOf(missing());
    expect({ outcome, proofs }).toMatchObject({
      outcome: 'inconclusive',
      proofs: { restored: 'inconclusive' },
    });
    expect(headline).toMatch(/they may be restored at the first update/);
  });

  test('were restored if they equal the control’s after the first update', () => {
    expect(verdictOf(missing((_, __, step) => norm(step)))).toMatchObject({
      outcome: 'proven',
      findings: [],
    });
  });

  test('were not restored if the first update leaves others than in the control', () => {
    const spoilt = missing((trace, at, step) =>
      at === 2 && trace.run?.role === 'after' && step === 5 ? 0.5 : norm(step),
    );
    const { outcome, findings } = verdictOf(spoilt);
    expect(outcome).not.toBe('proven');
    expect(findings[0]).toMatchObject({ rule: 'slots-not-restored', subjectCount: 1 });
  });
});

test('a run that could not be saved leaves the resume unjudged, and nothing else is reported', () => {
  const verdict = verdictOf(spoilt(CASES.find(({ rule }) => rule === 'save-failed')!));
  expect(rulesOf(verdict)).toEqual(['save-failed']);
  expect(verdict.proofs).toEqual({ restored: 'refuted', alive: 'inconclusive', faithful: 'inconclusive' });
});

test('state that only the control’s deviation changes need not change after it', () => {
  const traces = healthyTraces({ deviates: ['slots', 'ema'] });
  const { control, after } = traces;
  const settle = (trace: Draft, at: 'deviated' | 'resume'): void => {
    const from = trace.states.find((state) => state.at === at)!;
    const to = trace.states.find((state) => state.at === 'end')!;
    to.tensors = to.tensors.map((tensor, index) => (tensor.kind === 'slot' ? from.tensors[index]! : tensor));
    const shown = (of: SampleRecord['at']) => trace.samples.filter((sample) => sample.at === of);
    shown(at).forEach((sample, index) => {
      sample.digest = other;
      Object.assign(shown('end')[index]!, { ...sample, at: 'end', step: 8 });
    });
  };
  settle(control, 'deviated');
  settle(after[0]!, 'resume');
  expect(verdictOf(traces).findings).toEqual([]);
});

test('without the control’s state after its deviation, the verdict is inconclusive', () => {
  const traces = healthyTraces({ deviates: ['slots', 'step-count', 'random'] });
  traces.control.states = traces.control.states.filter(({ at }) => at !== 'deviated');
  expect(verdictOf(traces)).toMatchObject({ outcome: 'inconclusive', findings: [{ rule: 'state-missing' }] });
});

test('a resume after the last step need not train; without another resume it proves nothing', () => {
  const both = { steps: 8, resumeAt: [4, 8] };
  expect(verdictOf(healthyTraces({ plan: both }), both)).toMatchObject({ outcome: 'proven', findings: [] });
  const alone = { steps: 8, resumeAt: [8] };
  expect(verdictOf(healthyTraces({ plan: alone }), alone)).toMatchObject({
    outcome: 'inconclusive',
    headline: 'Nothing was trained after resume 1: its trace has no steps.',
  });
});

test('state that a resume after the last step does not restore is found', () => {
  const plan = { steps: 8, resumeAt: [4, 8] };
  const traces = healthyTraces({ plan });
  spoil(tensors(traces.after[1]!, 'slot').slice(0, 1));
  expect(verdictOf(traces, plan)).toMatchObject({
    outcome: 'refuted',
    findings: [{ rule: 'slots-not-restored', resume: 2, step: 8 }],
  });
});

test('a fault only in the second resume is found there', () => {
  const plan = { steps: 9, resumeAt: [3, 6] };
  const traces = healthyTraces({ plan });
  freeze(traces.after[1]!);
  const { findings } = verdictOf(traces, plan);
  expect(new Set(findings.map(({ resume }) => resume))).toEqual(new Set([2]));
  expect(findings[0]).toMatchObject({ rule: 'silent-no-op', step: 7 });
});

test('a resume after the last step does not make up for steps that move nothing', () => {
  const plan = { steps: 8, resumeAt: [4, 8] };
  const traces = healthyTraces({ plan });
  expect(verdictOf(traces, plan).outcome).toBe('proven');
  for (const trace of traces.all) freeze({ ...trace, steps: trace.steps.filter(({ step }) => step > 4) });
  const { outcome, findings } = verdictOf(traces, plan);
  expect(outcome).toBe('inconclusive');
  expect(findings[0]).toMatchObject({
    rule: 'control-does-not-train',
    resume: 1,
    sentence: expect.stringContaining('no parameter between steps 4 and 8'),
  });
});

describe('an expectation', () => {
  const stale = (): Traces => {
    const traces = healthyTraces();
    freeze(traces.after[0]!);
    return traces;
  };
  test('a known fault whose rule heads the findings is as expected', () => {
    expect(verdictOf(stale(), PLAN, ['silent-no-op', 'claim-contradicted'])).toMatchObject({
      asExpected: true,
      mismatch: null,
      outcome: 'refuted',
    });
  });
  test.each([
    ['is not confirmed', healthyTraces(), ['silent-no-op'], /fault was not confirmed.*outcome is proven/],
    ['is not found by a rule', stale(), ['silent-no-op', 'hooks-silent'], /not found by hooks-silent/],
    ['is headed by another rule', stale(), ['claim-contradicted'], /headline is silent-no-op/],
  ] as const)('a known fault that %s is not as expected', (_, traces, expected, mismatch) => {
    const verdict = verdictOf(traces, PLAN, [...expected]);
    expect(verdict.asExpected).toBe(false);
    expect(verdict.mismatch).toMatch(mismatch);
  });
  test('a known fault of the training itself, which leaves the proofs inconclusive, is as expected', () => {
    const traces = healthyTraces();
    stopFinite(traces.control);
    const expected: Expectation = ['not-finite'];
    expect(verdictOf(traces, PLAN, expected)).toMatchObject({ outcome: 'inconclusive', asExpected: true });
    expect(verdictOf(healthyTraces(), PLAN, expected).mismatch).toMatch(
      /was not confirmed.*outcome is proven/,
    );
  });
  test('a known fault on flawed evidence is not as expected', () => {
    const traces = stale();
    traces.after[0]!.run!.backend.name = 'cpu';
    expect(verdictOf(traces, PLAN, ['silent-no-op'])).toMatchObject({
      outcome: 'refuted',
      asExpected: false,
    });
  });
});

describe('noise', () => {
  /** Judges runs that each deviate by about a millionth, by fixed factors, with four controls. */
  const noisy = (
    spoilResumed: (resumed: Draft, traces: Traces) => void = () => {},
    deviates: readonly Deviation[] = [],
  ): Judgement => {
    const traces = healthyTraces({ noisy: true, deviates });
    traces.all.forEach((trace, run) => {
      const err = (at: number): number => 1 + 1e-6 * Math.sin(7 * run + 3 * at);
      for (const step of trace.steps) {
        const times = (values: (number | null)[]) =>
          values.map((value, at) =>
            value === null || !step.changed[at] ? value : value * err(step.step + at),
          );
        step.claimed.loss *= err(step.step);
        step.l2 = times(step.l2) as number[];
        step.updateL2 = times(step.updateL2) as number[];
        step.gradientL2 = times(step.gradientL2);
        step.appliedGradientL2 = times(step.appliedGradientL2!);
      }
      for (const state of trace.states.filter(({ at }) => at === 'pass' || at === 'end')) {
        for (const tensor of state.tensors.filter(({ name }) => name !== 'frozen')) {
          tensor.digest = `${run}${state.step}`.padEnd(64, tensor.digest);
          tensor.sketch = tensor.sketch!.map((sum, at) => sum * err(at));
        }
      }
      // A deviation changes nothing else.
      const pass = trace.states.find(({ at }) => at === 'pass')?.tensors;
      const deviated = trace.states.find(({ at }) => at === 'deviated');
      deviated?.tensors.forEach((tensor, at) => {
        if (coveredBy(deviates, tensor) === undefined) deviated.tensors[at] = pass![at]!;
      });
    });
    spoilResumed(traces.after[0]!, traces);
    return verdictOf(traces);
  };
  const byMillionths = (millionths: number) =>
    noisy(({ steps }) => {
      for (const step of steps) step.claimed.loss *= 1 + millionths * 1e-6;
    });

  test('a resumed run within the noise of several controls is proven, and one well beyond it is refuted', () => {
    expect(noisy().findings).toEqual([]);
    expect(byMillionths(3).outcome).toBe('proven');
    expect(byMillionths(1000)).toMatchObject({ outcome: 'refuted', findings: [{ rule: 'loss-differs' }] });
  });

  test('the verdict records how each quantity was judged', () => {
    const { noise } = noisy();
    expect(noise).toMatchObject({ exact: false, controls: 4, falseAlarm: 1e-4 });
    expect(noise!.quantities.map(({ quantity }) => quantity)).toEqual([
      ...[
        'loss',
        'l2',
        'updateL2',
        'gradientL2',
        'appliedGradientL2',
        'parameter',
        'slot',
        'ema',
        'buffer',
        'sample',
      ],
    ]);
    const [loss] = noise!.quantities;
    expect(loss).toMatchObject({ things: 1, comparisons: 4, degrees: 3 });
    expect(loss!.floor).toBeGreaterThan(1e-7);
    expect(loss!.floor).toBeLessThan(2e-6);
    expect(loss!.allowed!.most).toBeLessThan(1e-3);
    expect(noise!.comparisons).toBe(noise!.quantities.reduce((sum, { comparisons }) => sum + comparisons, 0));
    // Samples are the same in all controls, but a pixel close to the middle of two values can still be either.
    expect(noise!.quantities.at(-1)).toMatchObject({ quantity: 'sample', floor: 0 });
  });

  test('if all controls agree in every bit, the resumed run must agree too', () => {
    const traces = healthyTraces({ noisy: true });
    expect(verdictOf(traces)).toMatchObject({ outcome: 'proven', noise: { exact: true, controls: 4 } });
    traces.after[0]!.steps[0]!.claimed.loss *= 1 + 1e-15;
    expect(verdictOf(traces).findings[0]?.rule).toBe('loss-differs');
  });

  test('two different controls on deterministic backends still measure noise', () => {
    const traces = healthyTraces({ controls: 2 });
    for (const step of traces.twins[0]!.steps) step.claimed.loss *= 1 + 1e-7;
    for (const step of traces.after[0]!.steps) step.claimed.loss *= 1 + 2e-7;
    expect(verdictOf(traces)).toMatchObject({ findings: [], noise: { exact: false, controls: 2 } });
    for (const step of traces.after[0]!.steps) step.updateL2 = step.updateL2.map((norm) => norm * 1.5);
    expect(verdictOf(traces).findings[0]?.rule).toBe('updates-differ');
  });

  const first = ({ steps }: Draft) => steps[0]!;
  test.each<[string, string, (resumed: Draft) => unknown]>([
    ['a frozen parameter', 'parameters-differ', (resumed) => first(resumed).l2.splice(3, 1, 13.000000001)],
    [
      'a frozen parameter’s bytes',
      'final-parameters-differ',
      (resumed) => spoil(tensors(resumed, 'parameter', 'end').slice(3)),
    ],
    [
      'a learning rate',
      'learning-rate-not-as-claimed',
      (resumed) => first(resumed).learningRates.splice(0, 1, 0.0200000001),
    ],
    ['restored state', 'slots-not-restored', (resumed) => spoil(tensors(resumed, 'slot').slice(0, 1))],
    ['a missing gradient', 'gradients-differ', (resumed) => first(resumed).gradientL2.fill(null)],
    [
      'a loss that is not a number',
      'loss-differs',
      (resumed) => Object.assign(first(resumed).claimed, { loss: Number.NaN }),
    ],
  ])('%s may not differ even with noise', (_, rule, spoilResumed) => {
    expect(noisy(spoilResumed).findings[0]?.rule).toBe(rule);
  });

  test.each<[string, SampleRecord['at'], string]>([
    ['at the resume', 'resume', 'samples-differ-at-resume'],
    ['at the end', 'end', 'samples-differ-from-control'],
  ])('a text that differs %s is judged if all controls agree on it', (_, at, rule) => {
    const write = ({ samples }: Draft, own: string) =>
      samples
        .filter((sample) => sample.at === at && sample.name === 'poem')
        .forEach((poem) => {
          poem.digest = own;
        });
    const rewrite = (resumed: Draft) => write(resumed, other);
    expect(noisy(rewrite).findings.map((one) => one.rule)).toEqual([rule]);
    const undecided = noisy((resumed, { control, twins }) => {
      const passed = at === 'resume' ? 'pass' : 'end';
      for (const [run, trace] of [control, ...twins].entries()) {
        for (const poem of trace.samples.filter((sample) => sample.at === passed && sample.name === 'poem'))
          poem.digest = String(run % 2).repeat(64);
      }
      rewrite(resumed);
    });
    expect(undecided.findings).toEqual([]);
  });

  test('an image of equal bytes has an equal sketch, in every run', () => {
    const verdict = noisy(({ samples }) => {
      const image = samples.find(({ at, type }) => at === 'resume' && type === 'image');
      Object.assign(image!, { sketch: [Number.NaN, -20, 30, -40] });
    });
    expect(verdict.headline).toMatch(
      /gives image 'cat' at 'resume' of step 4 the bytes of another record, and another L2 norm or sketch/,
    );
  });

  test('a text of equal bytes has equal length, in every run', () => {
    const verdict = noisy(({ samples }) => {
      const poem = samples.find((sample) => sample.type === 'text');
      Object.assign(poem!, { characters: 23 });
    });
    expect(verdict).toMatchObject({
      outcome: 'inconclusive',
      findings: [{ rule: 'traces-contradict', seen: '23 characters' }],
    });
  });

  test('a text that stays as it was is found if all controls change it', () => {
    const { findings } = noisy(({ samples }) => {
      const [begun, ended] = samples.filter(({ name }) => name === 'poem');
      ended!.digest = begun!.digest;
    });
    expect(findings.map(({ rule }) => rule)).toEqual(['samples-unchanged', 'samples-differ-from-control']);
  });

  test('a tensor that moved as far in another direction is found by its sketch', () => {
    const verdict = noisy((resumed) => {
      const [tensor] = tensors(resumed, 'parameter', 'end');
      tensor!.sketch = tensor!.sketch!.map((sum) => -sum);
    });
    expect(verdict.findings.map(({ rule }) => rule)).toEqual(['final-parameters-differ']);
    expect(verdict.findings[0]!.sentence).toMatch(/1 of 4 parameters differs/);
  });

  test.each<[string, string | undefined, (tensor: object) => void]>([
    ['rounded to different bytes', undefined, (tensor) => Object.assign(tensor, { digest: other })],
    [
      'not rounded',
      'parameters-not-restored',
      (tensor) => Object.assign(tensor, { digest: other, bits: 24 }),
    ],
    [
      'of a different type',
      'parameters-not-restored',
      (tensor) => Object.assign(tensor, { dtype: 'float16' }),
    ],
  ])('a parameter that deviates by declaration and is %s', (_, rule, spoilTensor) => {
    const { findings } = noisy((resumed) => spoilTensor(tensors(resumed, 'parameter')[0]!), ['precision']);
    expect(findings[0]?.rule).toBe(rule);
  });

  test('a slot that the deviation zeroes must be zero', () => {
    const { findings } = noisy(
      (resumed, { control }) => {
        const [slot] = control.states
          .find(({ at }) => at === 'deviated')!
          .tensors.filter(({ kind }) => kind === 'slot');
        slot!.l2 = 0;
        spoil(tensors(resumed, 'slot').slice(0, 1));
      },
      ['slots'],
    );
    expect(findings[0]).toMatchObject({ rule: 'slots-not-restored', subjects: ['a.exp_avg'] });
  });

  test('if the controls contradict each other, the verdict is inconclusive', () => {
    const verdict = noisy((_, { twins }) => {
      for (const step of twins[1]!.steps) step.updateL2 = step.updateL2.map(() => Number.NaN);
    });
    expect(verdict).toMatchObject({ outcome: 'inconclusive', proofs: { faithful: 'inconclusive' } });
    expect(verdict.findings.map(({ rule }) => rule)).toEqual(['not-finite', 'noise-too-large']);
  });

  test('a run in which nothing moves is found, however large the noise', () => {
    const traces = healthyTraces({ noisy: true });
    scatter(traces, [1, 100, 0.01, 30]);
    freeze(traces.after[0]!);
    expect(verdictOf(traces).findings[0]?.rule).toBe('silent-no-op');
  });

  test('a cold start is recognized although no two runs are equal', () => {
    const verdict = noisy((resumed, { cold }) => {
      resumed.steps = structuredClone(cold.steps);
      for (const step of resumed.steps) step.claimed.loss *= 1 + 1e-6;
    });
    expect(verdict.findings[0]?.rule).toBe('equals-cold-start');
  });
});

test('a resumed run is refuted if any single number of it changes', () => {
  const columns = [
    'l2',
    'updateL2',
    'gradientL2',
    'appliedGradientL2',
    'hookCalls',
    'updates',
    'learningRates',
  ] as const;
  fc.assert(
    fc.property(
      fc.nat(3),
      fc.constantFrom(...columns),
      fc.nat(2),
      fc.double({ min: 1.0001, max: 1e6, noNaN: true }),
      (step, column, parameter, factor) => {
        const traces = healthyTraces();
        const values = traces.after[0]!.steps[step]![column] as (number | null)[];
        const whole = column === 'hookCalls' || column === 'updates';
        values[parameter] = whole ? values[parameter]! + Math.ceil(factor) : values[parameter]! * factor;
        expect(verdictOf(traces).outcome).toBe('refuted');
      },
    ),
  );
});

test('findings are bounded and complete for any combination of spoilers', () => {
  fc.assert(
    fc.property(fc.subarray([...CASES], { minLength: 1, maxLength: 6 }), (cases) => {
      const deviates = [...new Set(cases.flatMap((one) => one.deviates ?? []))];
      const traces = healthyTraces({
        noisy: cases.some(({ noisy }) => noisy),
        deviates,
        worldSize: Math.max(...cases.map(({ worldSize = 1 }) => worldSize)),
      });
      // A spoiler can fail if an earlier one removed the state that it changes.
      for (const { spoil } of cases) {
        try {
          spoil({ ...traces, resumed: traces.after[0]! });
        } catch {}
      }
      const findings = findingsOf(collectEvidence(PLAN, 'wasm', traces.all));
      // If hidden hooks are also declared as lacking, the trace is correct again.
      const honest = cases.every(({ what }) => /^no hooks anywhere|declared as lacking/.test(what));
      if (cases.length === 1 || !honest) expect(findings.length).toBeGreaterThan(0);
      for (const { subjects, sentence, expected, seen, likelyCause, fix } of findings) {
        expect(subjects.length).toBeLessThanOrEqual(500);
        for (const text of [sentence, expected, seen, likelyCause, fix]) expect(text).toMatch(/\S/);
        expect(`${sentence}${expected}${seen}`).not.toMatch(/undefined|\[object/);
      }
    }),
  );
});

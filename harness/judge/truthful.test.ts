/** Verdicts are truthful: the traces support every clause, and every refutation. */
import { describe, expect, test } from 'vitest';
import type { Deviation, Plan } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { type Judgement, judge } from './judge.ts';
import { type Draft, healthyTraces, PLAN, type Traces } from './testing/traces.ts';

interface Spoilt {
  readonly what: string;
  readonly spoil: (traces: Traces & { readonly resumed: Draft }) => void;
  readonly outcome?: Judgement['outcome'];
  readonly says?: RegExp;
  readonly never?: RegExp;
  readonly cause?: string | null;
  readonly plan?: Plan;
  readonly deviates?: readonly Deviation[];
}

function judged({ spoil, plan = PLAN, deviates = [] }: Spoilt): Judgement {
  const traces = healthyTraces({ plan: plan.resumeAt.length > 0 ? plan : PLAN, deviates: [...deviates] });
  spoil(Object.assign(traces, { resumed: traces.after[0]! }));
  const subject = { scenario: 'tested', about: '', expect: 'proven' as const, replay: '' };
  return judge(subject, collectEvidence(plan, 'wasm', traces.all));
}

const inEach = (trace: Draft, change: (step: Draft['steps'][number], at: number) => void): void =>
  trace.steps.forEach(change);

/** A process that the system killed after its first step since the resume. */
function killedAfterOne(trace: Draft): void {
  trace.steps.splice(1);
  trace.end = undefined;
  trace.defect = 'ends before the run did';
  trace.states = trace.states.filter(({ at }) => at !== 'end');
  trace.samples = trace.samples.filter(({ at }) => at !== 'end');
  trace.process = { ...trace.process!, outcome: 'crashed', exitCode: null, signal: 'SIGKILL' };
}

const CASES: readonly Spoilt[] = [
  {
    what: 'updates that are no longer observed, although everything moves',
    spoil: ({ resumed }) => inEach(resumed, (step) => (step.updates = step.updates.map(() => 0))),
    outcome: 'refuted',
    says: /0 of 12 updates/,
  },
  {
    what: 'a plan without a resume',
    spoil: ({ all, after, cold }) => {
      for (const trace of [...after, cold]) all.splice(all.indexOf(trace), 1);
    },
    plan: { steps: 8, resumeAt: [] },
    outcome: 'inconclusive',
  },
  {
    what: 'a loss that is not a number in any run',
    spoil: ({ all }) => {
      for (const trace of all) inEach(trace, (step) => (step.claimed.loss = Number.NaN));
    },
    outcome: 'inconclusive',
    says: /stopped being finite at step 1/,
  },
  {
    what: 'a failure without a message and with finite steps',
    spoil: ({ control }) => {
      control.failure = { kind: 'failure', code: 'non-finite', step: 8, message: '' };
      control.end = undefined;
    },
    outcome: 'inconclusive',
    says: /stopped being finite at step 8/,
  },
  {
    what: 'learning rates that are not a number in both runs',
    spoil: ({ all }) => {
      for (const trace of all) inEach(trace, (step) => (step.learningRates[0] = Number.NaN));
    },
    outcome: 'inconclusive',
    says: /learning rate of 'a' is not finite/,
  },
  {
    what: 'a trainer without state, killed after a step of its resume',
    spoil: ({ cold, control, resumed }) => {
      inEach(cold, (step, at) => void Object.assign(step, structuredClone(control.steps[4 + at])));
      killedAfterOne(resumed);
    },
    outcome: 'inconclusive',
    never: /all other state was lost/,
  },
  {
    what: 'slots dropped by declaration, and no state at the save',
    spoil: ({ before, control, resumed }) => {
      const passed = control.states.find(({ at }) => at === 'pass')!;
      const deviated = control.states.find(({ at }) => at === 'deviated')!;
      deviated.tensors = passed.tensors.filter(({ kind }) => kind !== 'slot');
      resumed.states[0]!.tensors = resumed.states[0]!.tensors.filter(({ kind }) => kind !== 'slot');
      before.states = before.states.filter(({ at }) => at !== 'save');
    },
    deviates: ['slots'],
    outcome: 'inconclusive',
    never: /did not happen/,
  },
  {
    what: 'the first of two resumes without a trace',
    spoil: ({ all, after }) => all.splice(all.indexOf(after[0]!), 1),
    plan: { steps: 8, resumeAt: [2, 4] },
    outcome: 'inconclusive',
    says: /no trace of the after-1 process/,
  },
  {
    what: 'hooks that are silent while everything moves',
    spoil: ({ resumed }) => inEach(resumed, (step) => (step.hookCalls = step.hookCalls.map(() => 0))),
    never: /nothing moved|is not updated|(does|do|did) not move/,
    cause: 'hooks-on-old-parameters',
  },
  {
    what: 'stray updates while everything moves',
    spoil: ({ resumed }) => inEach(resumed, (step) => (step.strayUpdates = 2)),
    never: /own parameters do not move/,
    cause: 'trains-a-copy',
  },
  {
    what: 'learning rates that differ in their last bit',
    spoil: ({ resumed }) => inEach(resumed, ({ claimed }) => (claimed.learningRates.first! *= 1 + 2 ** -52)),
    says: /0\.020000000000000004 instead of first 0\.02000000000000000/,
    never: /1\.000 times/,
  },
  {
    what: 'a learning rate that differs in one step',
    spoil: ({ resumed }) => (resumed.steps[0]!.claimed.learningRates.first = 0.7),
    says: /in step 5, and not after/,
  },
  {
    what: 'a first batch that is right, and later batches that are not',
    spoil: ({ resumed }) => {
      resumed.steps[1]!.claimed.batch = ['image 7'];
      resumed.steps[2]!.claimed.batch = ['image 6'];
    },
    says: /in steps 6 to 7, and not after, the data is in a different order than in the control/,
    cause: 'data-reshuffled',
  },
  {
    what: 'parameters with different names',
    spoil: ({ resumed }) => {
      const names = resumed.steps[0]!.names.map((name) => `${name}_1`);
      inEach(resumed, (step) => (step.names = names));
      for (const { tensors } of resumed.states) {
        for (const tensor of tensors.filter(({ kind }) => kind === 'parameter')) tensor.name += '_1';
      }
    },
    says: /different names than the saved ones: 'a'.* no longer exist, and 'a_1'.* were not saved/,
    never: /nothing is trained/,
  },
  {
    what: 'an EMA update count that is ahead',
    spoil: ({ all, resumed }) => {
      for (const { states } of all) for (const state of states) state.counters['ema.updates'] = state.step;
      resumed.states[0]!.counters['ema.updates'] = 9;
    },
    never: /warms up/,
    cause: 'ema-counter-reset',
  },
  {
    what: 'gradients that were not saved',
    spoil: ({ before }) => {
      const saved = before.states.at(-1)!;
      saved.tensors = saved.tensors.filter(({ kind }) => kind !== 'gradient');
    },
    says: /present, though none was saved/,
    never: /saved mid-accumulation/,
  },
  {
    what: 'a learning rate among the counters of the schedule',
    spoil: ({ all, resumed }) => {
      for (const { states } of all) {
        for (const state of states) state.counters['scheduler.last_lr'] = 0.001 * (1 - state.step / 100);
      }
      resumed.states[0]!.counters['scheduler.last_lr'] = 0.00099;
    },
    never: /updates? (ahead|behind)/,
  },
  {
    what: 'a shuffling generator that does not advance',
    spoil: ({ all, resumed }) => {
      for (const { states } of all) for (const state of states) state.random.shuffle = state.random.noise!;
      resumed.states.at(-1)!.random.shuffle = resumed.states[0]!.random.shuffle!;
    },
    says: /'shuffle' does not advance/,
    never: /evaluation mode/,
  },
  {
    what: 'a differently logged loss, followed by a kill',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.claimed.loss = 9;
      killedAfterOne(resumed);
    },
    never: /everything else equals the control/,
    cause: null,
  },
  {
    what: 'a program that throws at the same step in the control',
    spoil: ({ control, resumed }) => {
      for (const trace of [control, resumed]) {
        trace.steps.splice(trace.steps.findIndex(({ step }) => step === 7));
        trace.failure = { kind: 'failure', code: 'error', step: 7, message: 'no such file' };
        trace.end = undefined;
        trace.process!.exitCode = 1;
      }
    },
    outcome: 'inconclusive',
    says: /no such file/,
  },
  {
    what: 'a program that is not seeded',
    spoil: ({ before, resumed }) => {
      for (const trace of [before, resumed]) inEach(trace, (step) => (step.claimed.loss *= 1.1));
    },
    outcome: 'inconclusive',
    says: /not reproducible/,
  },
  {
    what: 'zero slots that are created earlier than in the control',
    spoil: ({ control, before, resumed }) => {
      for (const trace of [control, before]) {
        const state = trace.states.find(({ step }) => step === 4)!;
        state.tensors = state.tensors.filter(({ name }) => name !== 'a.exp_avg');
      }
      const slot = resumed.states[0]!.tensors.find(({ name }) => name === 'a.exp_avg')!;
      Object.assign(slot, { l2: 0, sketch: [0, 0, 0, 0], digest: '0'.repeat(64) });
    },
    outcome: 'proven',
  },
  {
    what: 'slots that are all lost, some of which were still zero',
    spoil: ({ control, before, resumed }) => {
      for (const trace of [control, before]) {
        for (const tensor of trace.states.find(({ step }) => step === 4)!.tensors) {
          if (tensor.kind !== 'slot' || tensor.parameter !== 'c') continue;
          Object.assign(tensor, { l2: 0, sketch: [0, 0, 0, 0], digest: '0'.repeat(64) });
        }
      }
      const state = resumed.states[0]!;
      state.tensors = state.tensors.filter(({ kind }) => kind !== 'slot');
      inEach(resumed, (step) => (step.updateL2 = step.updateL2.map((norm) => norm * 0.9)));
    },
    outcome: 'refuted',
    says: /all 4 optimizer slots are missing/,
    cause: 'slots-missing',
  },
  {
    what: 'a gradient of a parameter that no optimizer holds',
    spoil: ({ control, before }) => {
      for (const trace of [control, before]) {
        const { tensors } = trace.states.find(({ step }) => step === 4)!;
        const gradient = tensors.find(({ kind }) => kind === 'gradient')!;
        tensors.push({ ...gradient, name: 'frozen', parameter: 'frozen', storage: 99 });
      }
    },
    outcome: 'proven',
  },
  {
    what: 'a counter of resumes',
    spoil: ({ all, resumed }) => {
      for (const trace of all) {
        trace.run!.countsResumes = ['resumes'];
        for (const state of trace.states) state.counters.resumes = Number(trace === resumed);
      }
    },
    outcome: 'proven',
  },
  {
    what: 'a counter of resumes that is not declared',
    spoil: ({ all, resumed }) => {
      for (const trace of all) {
        for (const state of trace.states) state.counters.resumes = Number(trace === resumed);
      }
    },
    outcome: 'refuted',
    says: /'resumes' is 1 instead of 0/,
  },
  {
    what: 'a stale learning rate in updates, where the log shows that of the next update',
    spoil: ({ all, resumed }) => {
      for (const trace of all) {
        inEach(trace, ({ step, claimed }) => {
          claimed.learningRates = { first: 0.1 / (step + 1), second: 0.2 / (step + 1) };
        });
      }
      inEach(resumed, (step) => {
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : 0));
      });
    },
    outcome: 'refuted',
    says: /uses learning rate 0 while the log shows 0\.01667/,
  },
];

describe('a verdict claims no more than its traces show', () => {
  test.each(CASES)('$what', (one) => {
    const { outcome, headline, findings, cause } = judged(one);
    const said = [headline, ...findings.flatMap(({ sentence, seen }) => [sentence, seen])].join('\n');
    if (one.outcome !== undefined) expect(outcome, said).toBe(one.outcome);
    if (one.says !== undefined) expect(said).toMatch(one.says);
    if (one.never !== undefined) expect(said).not.toMatch(one.never);
    if (one.cause !== undefined) expect(cause, said).toBe(one.cause);
  });
});

test('the headline counts all subjects, even those that a finding does not list', () => {
  const names = Array.from({ length: 40 }, (_, at) => `p${at}`);
  const { headline } = judged({
    what: '',
    spoil: ({ all, resumed }) => {
      for (const trace of all) {
        inEach(trace, (step) => {
          for (const value of Object.values(step) as unknown[]) {
            if (Array.isArray(value) && value.length === 4) value.splice(0, 4, ...names.map(() => value[0]));
          }
          step.names = names;
          step.groups = names.map(() => 'first');
        });
      }
      inEach(resumed, ({ hookCalls }) => hookCalls.fill(0, 0, 20));
    },
  });
  expect(headline).toContain("('p0', 'p1', 'p2' and 17 more)");
});

/** A cause is named only where its own evidence is there. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../trace/schema.ts';
import { collectEvidence } from '../collect.ts';
import { type Judgement, judge } from '../judge.ts';
import { tensors } from '../testing/cases.ts';
import { type Draft, healthyTraces, PLAN, stateAfter, type Traces } from '../testing/traces.ts';

type Step = Draft['steps'][number];
type Spoilt = Traces & { readonly resumed: Draft };

interface Case {
  readonly what: string;
  readonly spoil: (traces: Spoilt) => void;
  readonly says: RegExp;
  readonly never?: RegExp;
  /** The likely cause and the fix of the first finding. */
  readonly supposes?: RegExp;
  readonly fixes?: RegExp;
  /** Null: no cause, only where the runs part. */
  readonly cause: string | null;
  readonly plan?: Plan;
  readonly updateEvery?: number;
}

function judged({ spoil, plan = PLAN, updateEvery = 1 }: Case): Judgement {
  const traces = healthyTraces({ plan, updateEvery });
  spoil(Object.assign(traces, { resumed: traces.after[0]! }));
  const subject = { scenario: 'tested', about: '', expect: 'proven' as const, replay: '' };
  return judge(subject, collectEvidence(plan, 'wasm', traces.all));
}

const inEach = (trace: Draft, change: (step: Step) => void): void => trace.steps.forEach(change);
const from = (trace: Draft, first: number, change: (step: Step) => void): void =>
  trace.steps.filter(({ step }) => step >= first).forEach(change);

const named = (trace: Draft, kind: 'parameter' | 'slot' | 'ema' | 'buffer', name: string) =>
  tensors(trace, kind).find((tensor) => tensor.name === name)!;

/** A resumed tensor holds the saved values of another one. */
function give(
  { before, resumed }: Spoilt,
  kind: 'parameter' | 'slot',
  name: string,
  [otherKind, other]: readonly ['parameter' | 'slot' | 'ema' | 'buffer', string],
): void {
  const saved = before.states.at(-1)!.tensors.find((one) => one.kind === otherKind && one.name === other)!;
  const { digest, unordered, l2, sketch } = saved;
  Object.assign(named(resumed, kind, name), { digest, unordered, l2, sketch });
}

/** Without a loss scaler, which can skip any update. */
function withoutLossScale(traces: readonly Draft[]): void {
  for (const { states } of traces) for (const state of states) delete state.counters.lossScale;
}

const EXCHANGES: readonly Case[] = [
  {
    what: 'parameters that hold each other’s values',
    spoil(traces) {
      give(traces, 'parameter', 'a', ['parameter', 'b']);
      give(traces, 'parameter', 'b', ['parameter', 'a']);
    },
    says: /2 of 4 parameters hold each other’s values: 'a' has those of 'b'/,
    cause: 'weights-permuted',
  },
  {
    what: 'parameters that hold the values of others, which keep their own',
    spoil(traces) {
      give(traces, 'parameter', 'c', ['parameter', 'a']);
      give(traces, 'parameter', 'frozen', ['parameter', 'b']);
    },
    says: /2 of 4 parameters hold the values of others, which keep their own: 'c' has those of 'a', 'frozen' has those of 'b'; .*either the save or the load is at fault/,
    never: /each other/,
    cause: 'weights-copied',
  },
  {
    what: 'one parameter that holds the values of another',
    spoil: (traces) => give(traces, 'parameter', 'c', ['parameter', 'a']),
    says: /1 of 4 parameters holds the values of another, which keeps its own: 'c' has those of 'a'/,
    cause: 'weights-copied',
  },
  {
    what: 'slots that hold the values of the parameters',
    spoil(traces) {
      for (const name of ['a', 'b', 'c']) give(traces, 'slot', `${name}.exp_avg`, ['parameter', name]);
    },
    says: /3 of 6 optimizer slots hold the values of parameters: 'a\.exp_avg' has those of 'a', 'b\.exp_avg' has those of 'b' and 1 more; .*either the save or the load is at fault/,
    cause: 'slots-copied',
  },
  {
    what: 'slots that hold the values of other slots, which keep their own',
    spoil: (traces) => give(traces, 'slot', 'b.exp_avg', ['slot', 'a.exp_avg']),
    says: /1 of 6 optimizer slots holds the values of another, which keeps its own: 'b\.exp_avg' has those of 'a\.exp_avg'/,
    cause: 'slots-copied',
  },
];

const ZEROS: readonly Case[] = [
  {
    what: 'slots that are exchanged in a circle, one of which is of zeros',
    spoil(traces) {
      for (const trace of traces.all)
        for (const { tensors: all } of trace.states) {
          const zero = all.find(({ name }) => name === 'b.exp_avg')!;
          Object.assign(zero, { digest: '0'.repeat(64), l2: 0, sketch: [0, 0, 0, 0] });
        }
      give(traces, 'slot', 'a.exp_avg', ['slot', 'b.exp_avg']);
      give(traces, 'slot', 'b.exp_avg', ['slot', 'c.exp_avg']);
      give(traces, 'slot', 'c.exp_avg', ['slot', 'a.exp_avg']);
    },
    says: /3 of 6 optimizer slots hold each other’s values: '[bc]\.exp_avg' has those of '[ac]\.exp_avg'/,
    cause: 'slots-permuted',
  },
];

const ACCUMULATION: readonly Case[] = [
  {
    what: 'updates at other steps for a while, where the control accumulates',
    plan: { steps: 12, resumeAt: [4] },
    updateEvery: 2,
    spoil({ all, resumed }) {
      withoutLossScale(all);
      inEach(resumed, (step) => {
        if (step.step < 7) step.claimed.applied = !step.claimed.applied;
      });
    },
    says: /in steps 5 to 6, and not after, updates are made at different steps than in the control/,
    cause: 'accumulation-phase',
  },
  {
    what: 'updates at other steps, where the control accumulates',
    updateEvery: 2,
    spoil({ all, resumed }) {
      withoutLossScale(all);
      inEach(resumed, (step) => {
        step.claimed.applied = !step.claimed.applied;
      });
    },
    says: /the accumulation window is longer, shorter or shifted/,
    cause: 'accumulation-phase',
  },
  {
    what: 'updates at other steps, where the control does not accumulate and stops updating',
    spoil({ all, resumed }) {
      withoutLossScale(all);
      for (const { states } of all)
        for (const state of states) state.tensors = state.tensors.filter(({ kind }) => kind !== 'gradient');
      for (const trace of all)
        from(trace, 7, (step) => {
          step.claimed.applied = trace === resumed;
          if (trace === resumed) return;
          step.changed = step.changed.map(() => false);
          step.updateL2 = step.updateL2.map(() => 0);
          step.updates = step.updates.map(() => 0);
          step.learningRates = step.learningRates.map(() => null);
          step.appliedGradientL2 = step.appliedGradientL2!.map(() => null);
        });
    },
    says: /up to step 6; in step 7, the loss and gradients are equal, but an update is made that the control does not make: what decides whether to update/,
    never: /accumulation window/,
    cause: null,
  },
];

/** Adds the running statistics of two more layers to every state. */
function keepStatistics({ all }: Spoilt): void {
  for (const { states } of all)
    for (const state of states) {
      const own = state.tensors.find(({ kind }) => kind === 'buffer')!;
      for (const name of ['norm.0', 'norm.1'])
        state.tensors.push({
          ...own,
          name,
          digest: createHash('sha256').update(`${name} ${state.step}`).digest('hex'),
        });
    }
}

/** Each step shows a buffer, which these runs change in every n-th step. */
function showBuffer(traces: readonly Draft[], every: number): void {
  const copied = (step: number): number => step - (step % every);
  for (const trace of traces) {
    inEach(trace, (step) => {
      const [l2, sketch] = [copied(step.step), [copied(step.step)]];
      step.observed = [...(step.observed ?? []), { kind: 'buffer', name: 'running_mean', l2, sketch }];
    });
    for (const { step, tensors: all } of trace.states)
      for (const tensor of all)
        if (tensor.kind === 'buffer') Object.assign(tensor, { l2: copied(step), sketch: [copied(step)] });
  }
}

/** The buffer stays as it was at the resume. */
function stopBuffer(resumed: Draft): void {
  const { digest, l2 } = named(resumed, 'buffer', 'running_mean');
  Object.assign(resumed.states.at(-1)!.tensors.find(({ kind }) => kind === 'buffer')!, { digest, l2 });
  inEach(resumed, ({ observed }) => {
    for (const tensor of observed!) if (tensor.kind === 'buffer') tensor.l2 = 3;
  });
}

const STALLED: readonly Case[] = [
  {
    what: 'a buffer that the control changes in every third step',
    spoil({ all, resumed }) {
      showBuffer(all, 3);
      stopBuffer(resumed);
    },
    says: /the only buffer \('running_mean'\) does not change, although the model trains; the control first changes it in step 6, and not in every step: what decides when \(a count, an interval, a phase\) is not restored, or not observed/,
    never: /evaluation|statistics/,
    supposes: /training mode, a count, an interval, a phase/,
    cause: 'buffers-stall',
  },
  {
    what: 'a buffer that the control changes in each step',
    spoil({ all, resumed }) {
      showBuffer(all, 1);
      stopBuffer(resumed);
    },
    says: /does not change, although the model trains; the control changes it in each step\.$/,
    never: /interval/,
    supposes: /training mode, a count, an interval, a phase/,
    cause: 'buffers-stall',
  },
];

const BUFFERS: readonly Case[] = [
  {
    what: 'buffers that hold the values of others, which keep their own',
    spoil(traces) {
      keepStatistics(traces);
      const { digest } = named(traces.resumed, 'buffer', 'norm.0');
      Object.assign(named(traces.resumed, 'buffer', 'norm.1'), { digest });
    },
    says: /1 of 3 buffers holds the values of another, which keeps its own: 'norm\.1' has those of 'norm\.0'/,
    supposes: /^state outside the parameters, .* holds the saved values of other tensors$/,
    fixes: /^write and read each tensor under its full name/,
    cause: 'buffers-copied',
  },
  {
    what: 'all buffers with their initial values, beside parameters that were restored',
    spoil({ control, resumed }) {
      const initial = control.states[0]!.tensors.find(({ kind }) => kind === 'buffer')!;
      Object.assign(named(resumed, 'buffer', 'running_mean'), { digest: initial.digest });
    },
    says: /the only buffer was not restored \('running_mean'\): it has its initial value, as where only the trainable parameters are saved or loaded/,
    cause: 'buffers-lost',
  },
  {
    what: 'one of several buffers with its initial value',
    spoil(traces) {
      keepStatistics(traces);
      const initial = traces.control.states[0]!.tensors.find(({ name }) => name === 'norm.1')!;
      Object.assign(named(traces.resumed, 'buffer', 'norm.1'), { digest: initial.digest });
    },
    says: /1 of 3 buffers was not restored \('norm\.1'\): it has its initial value, so the save or the load left it out/,
    never: /trainable/,
    cause: 'buffers-lost',
  },
  {
    what: 'a buffer with values that it never had',
    spoil: ({ resumed }) =>
      void Object.assign(named(resumed, 'buffer', 'running_mean'), { digest: 'f'.repeat(64) }),
    says: /the only buffer was not restored \('running_mean'\): it was overwritten, converted, or updated once more/,
    never: /trainable|left it out/,
    supposes: /or something wrote to them after the load$/,
    cause: 'buffers-lost',
  },
];

const SUPPOSED: readonly Case[] = [
  {
    what: 'slots with values that they never had',
    spoil({ resumed }) {
      for (const slot of tensors(resumed, 'slot'))
        Object.assign(slot, { digest: `e${slot.digest.slice(1)}`, l2: 3 });
    },
    says: /all 6 optimizer slots differ from the saved ones/,
    supposes: /converted, cut or ordered differently, or updated by the restore$/,
    fixes: /^compare what the save writes for a slot with what the load reads/,
    cause: 'slots-changed',
  },
  {
    what: 'a frozen parameter with a value that it never had',
    spoil({ resumed }) {
      const { sketch } = named(resumed, 'parameter', 'frozen');
      Object.assign(named(resumed, 'parameter', 'frozen'), {
        digest: 'f'.repeat(64),
        l2: 3,
        sketch: sketch!.map((sum) => 9 * sum),
      });
    },
    says: /1 of 4 parameters matches neither the saved one .*: nothing had trained it before, so it was merged with others \(an adapter\), converted or overwritten/,
    never: /initialised/,
    supposes: /changed between the save and the first step$/,
    cause: 'weights-changed',
  },
  {
    what: 'a trained parameter with a value that it never had',
    spoil({ resumed }) {
      const { sketch } = named(resumed, 'parameter', 'a');
      Object.assign(named(resumed, 'parameter', 'a'), {
        digest: 'f'.repeat(64),
        l2: 3,
        sketch: sketch!.map((sum) => 9 * sum),
      });
    },
    says: /it was exchanged \(for an average, a merged copy\), converted or overwritten, or initialised again from other numbers/,
    cause: 'weights-changed',
  },
  {
    what: 'parameters from before the last update',
    spoil({ control, resumed }) {
      const then = control.steps.find(({ step }) => step === 3)!;
      for (const one of tensors(resumed, 'parameter').filter(({ name }) => name !== 'frozen'))
        Object.assign(one, { digest: `e${one.digest.slice(1)}`, l2: then.l2[then.names.indexOf(one.name)]! });
    },
    says: /from before the update of step 4/,
    supposes: /^the parameters are from before the last update, as if they were saved too early$/,
    cause: 'saved-before-update',
  },
  {
    what: 'a loss whose inputs are equal',
    spoil: ({ resumed }) => {
      from(resumed, 5, trainOtherwise);
    },
    says: /the loss is not .*: the loss reads state that is not observed/,
    supposes: /^the loss reads state that is not observed/,
    cause: null,
  },
  {
    what: 'a run that makes no update, without a loss scaler',
    spoil({ all, resumed }) {
      withoutLossScale(all);
      skipUpdates(resumed, 5);
    },
    says: /every step is skipped: the control makes 4 updates in 4 steps, and the resumed run makes none: what stops or skips training \(early stopping, a budget, a loss scaler …\) is not restored, or not observed/,
    never: /overflow/,
    cause: 'overflow-forever',
  },
  {
    what: 'gradients that reach no parameter',
    spoil: ({ resumed }) => inEach(resumed, (step) => (step.gradientL2 = step.names.map(() => null))),
    says: /the loss uses the model from before the load, or is detached from the new one: no gradient reaches any of the 3 trained parameters/,
    cause: 'loss-holds-old-model',
  },
];

/** Steps from one on make no update, though gradient hooks fire. */
const skipUpdates = (trace: Draft, first: number): void =>
  from(trace, first, (step) => {
    const none = <T>(value: T): T[] => step.names.map(() => value);
    step.claimed.applied = false;
    Object.assign(step, {
      changed: none(false),
      updateL2: none(0),
      updates: none(0),
      l2: trace.steps[1]!.l2,
    });
    Object.assign(step, { learningRates: none(null), appliedGradientL2: none(null) });
  });

const HOOKS: readonly Case[] = [
  {
    what: 'hooks that fire in steps that the loop does not apply',
    spoil({ all, resumed }) {
      withoutLossScale(all);
      skipUpdates(resumed, 7);
    },
    says: /in step 7, .* no update is made, though the control makes one: what decides whether to update/,
    never: /fused group/,
    cause: null,
  },
  {
    what: 'hooks of a control that has stopped',
    spoil({ all, control }) {
      withoutLossScale(all);
      skipUpdates(control, 7);
      from(control, 7, (step) => (step.hookCalls = step.names.map(() => 0)));
    },
    says: /in step 7, .* an update is made that the control does not make: what decides whether to update/,
    never: /registered twice/,
    cause: null,
  },
];

/** Sets a counter in every state of all processes. */
function count(traces: readonly Draft[], name: string, value: (step: number) => number): void {
  for (const { states } of traces) for (const state of states) state.counters[name] = value(state.step);
}

/** Sets the learning rate of every group, as logged and inside the updates. */
function setRate(step: Step, rate: number): void {
  step.claimed.learningRates = { first: rate, second: rate };
  step.learningRates = step.learningRates.map((own) => (own === null ? null : rate));
}

const COUNTERS: readonly Case[] = [
  {
    what: 'a parameter that is skipped from a later step on, with a count that falls behind',
    spoil({ all, resumed }) {
      count(all, 'optimizer.step.least', (step) => step);
      for (const trace of all) {
        trace.run!.lacks = ['hooks'];
        inEach(trace, (step) => {
          step.hookCalls = step.hookCalls.map(() => 0);
        });
      }
      from(resumed, 7, (step) => {
        step.changed[2] = false;
        step.updates[2] = 0;
        step.updateL2[2] = 0;
        step.learningRates[2] = null;
        step.appliedGradientL2![2] = null;
      });
      resumed.states.at(-1)!.counters['optimizer.step.least'] = 6;
    },
    says: /from step 7 on, the update skips 1 of 4 parameters, although it has a gradient: 'c'/,
    cause: 'update-lost',
  },
  {
    what: 'an optimizer’s count whose first updates are wrong',
    spoil({ all, resumed }) {
      count(all, 'optimizer.step', (step) => step);
      resumed.states[0]!.counters['optimizer.step'] = 0;
      inEach(resumed, (step) => {
        step.updateL2 = step.updateL2.map((norm) => norm * 3);
      });
    },
    says: /step count restarted \('optimizer\.step' is 0 instead of 4\), so its bias correction restarted too, but its slots did not/,
    cause: 'optimizer-step-reset',
  },
  {
    what: 'an optimizer’s count that only its learning rate depends on',
    spoil({ all, resumed }) {
      count(all, 'optimizer.2/count', (step) => step);
      resumed.states[0]!.counters['optimizer.2/count'] = 0;
      inEach(resumed, (step) => {
        step.learningRates = step.learningRates.map((rate) => rate && rate / 2);
        step.updateL2 = step.updateL2.map((norm) => norm / 2);
      });
    },
    says: /a count of the optimizer restarted \('optimizer\.2\/count' is 0 instead of 4\), but its slots did not; the learning rates of the updates first differ in step 5/,
    never: /bias correction/,
    cause: 'optimizer-step-reset',
  },
  {
    what: 'an optimizer’s count that matters only later',
    spoil({ all, resumed }) {
      count(all, 'optimizer.period', (step) => step);
      resumed.states[0]!.counters['optimizer.period'] = 0;
      from(resumed, 7, (step) => {
        step.updateL2 = step.updateL2.map((norm, at) => norm * (3 + at));
      });
    },
    says: /a count of the optimizer restarted \('optimizer\.period' is 0 instead of 4\), but its slots did not; the updates first differ in step 7/,
    never: /bias correction/,
    cause: 'optimizer-step-reset',
  },
  {
    what: 'one of several values of the loss scaler',
    spoil({ all, resumed }) {
      count(all, 'lossScale', (step) => 1024 * (1 + Math.floor(step / 3)));
      count(all, 'lossScale.growth', (step) => step % 3);
      resumed.states[0]!.counters['lossScale.growth'] = 0;
    },
    says: /the loss scale was restored, but 'lossScale\.growth' is 0 instead of 1: it changes at other steps/,
    never: /loss scale was reset/,
    cause: 'loss-scale-changed',
  },
  {
    what: 'a loss scale that is reset with all its counts',
    spoil({ all, resumed }) {
      count(all, 'lossScale', (step) => 1024 * (1 + Math.floor(step / 3)));
      count(all, 'lossScale.growth', (step) => step % 3);
      Object.assign(resumed.states[0]!.counters, { lossScale: 1024, 'lossScale.growth': 0 });
    },
    says: /the loss scale was reset/,
    cause: 'loss-scale-reset',
  },
];

/** Multiplies the learning rates of a step, as logged and inside the updates. */
function scaleRates(step: Step, by: number): void {
  const { learningRates } = step.claimed;
  for (const group of Object.keys(learningRates)) learningRates[group]! *= by;
  step.learningRates = step.learningRates.map((rate) => (rate === null ? null : rate * by));
}

const SCHEDULES: readonly Case[] = [
  {
    what: 'one of several counters of the schedule, which is not its position',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      count(all, 'scheduler.bad', (step) => step % 5);
      resumed.states[0]!.counters['scheduler.bad'] = 0;
    },
    says: /1 of 2 counters of the schedule was not restored: 'scheduler\.bad' is 0 instead of 4/,
    never: /restarted|behind/,
    cause: 'schedule-counter-lost',
  },
  {
    what: 'a position that is ahead, in a segment without an update',
    plan: { steps: 8, resumeAt: [4, 5] },
    updateEvery: 2,
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => Math.floor(step / 2));
      resumed.states[0]!.counters['scheduler.position'] = 4;
    },
    says: /the schedule is 2 updates ahead: 'scheduler\.position' is 4 instead of 2/,
    cause: 'schedule-shifted',
  },
  {
    what: 'a position that restarts',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      count(all, 'scheduler.bad', (step) => step % 3);
      resumed.states[0]!.counters['scheduler.position'] = 0;
    },
    says: /the schedule restarted: 'scheduler\.position' is 0 instead of 4/,
    cause: 'schedule-restarted',
  },
  {
    what: 'a learning rate that drops later than the control’s',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 6 ? 0.2 : 0.02));
      inEach(resumed, (step) => setRate(step, step.step < 8 ? 0.2 : 0.02));
    },
    says: /the learning rate changes to 0\.02000 in step 8 instead of step 6: what triggers the change \(the schedule’s position, a metric, a count of bad epochs\) is not restored, or not observed/,
    never: /length, unit or formula/,
    cause: 'schedule-changes-at-other-steps',
  },
  {
    what: 'a segment too short to show more than the next learning rate, and a longer one that shows why',
    plan: { steps: 8, resumeAt: [4, 5] },
    spoil({ all, after, resumed }) {
      count(all, 'learningRate.first', (step) => 0.1 / (step + 1));
      resumed.states.at(-1)!.counters['learningRate.first'] = 0.1 / 5;
      inEach(after[1]!, (step) => {
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : 0.1 / 5));
      });
    },
    says: /^After resume 2, the schedule does not drive the optimizer that updates, but another, such as the one from before the restore: the updates keep learning rate 0\.02000, while the logged one changes; the first sign is a difference at the end of resume 1\.$/,
    cause: 'schedule-drives-old-optimizer',
  },
  {
    what: 'a learning rate that changes with most updates, of which each takes several steps',
    plan: { steps: 12, resumeAt: [3] },
    updateEvery: 3,
    spoil({ all, resumed }) {
      for (const trace of all)
        inEach(trace, (step) => setRate(step, step.step < 4 ? 0.1 : step.step < 10 ? 0.2 : 0.3));
      inEach(resumed, (step) => setRate(step, 0.1));
    },
    says: /the schedule no longer advances: the learning rate stays 0\.1000 for 9 steps/,
    never: /what triggers the change/,
    cause: 'schedule-stands-still',
  },
  {
    what: 'a learning rate that drops earlier, with a count that advances twice per step',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 7 ? 0.2 : 0.02));
      inEach(resumed, (step) => setRate(step, step.step < 6 ? 0.2 : 0.02));
      resumed.states.at(-1)!.counters['scheduler.position'] = 12;
    },
    says: /the schedule advances 2 times per step/,
    cause: 'schedule-runs-fast',
  },
  {
    what: 'a learning rate that should rise once, and stays 0',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 6 ? 0 : 0.2));
      inEach(resumed, (step) => setRate(step, 0));
    },
    says: /the learning rate is 0 in all 4 steps/,
    cause: 'learning-rate-zero',
  },
  {
    what: 'a learning rate that stays as it was in the step before',
    plan: { steps: 6, resumeAt: [4] },
    spoil({ all, resumed }) {
      const rates = [0.4, 0.5, 0.2, 0.1, 0.3, 0.6];
      for (const trace of all) inEach(trace, (step) => setRate(step, rates[step.step - 1]!));
      inEach(resumed, (step) => setRate(step, 0.3));
    },
    says: /the schedule no longer advances: the learning rate stays 0\.3000 for 2 steps/,
    never: /restarts/,
    cause: 'schedule-stands-still',
  },
  {
    what: 'a position that is ahead, in a run without an update before the resume',
    plan: { steps: 8, resumeAt: [1] },
    updateEvery: 2,
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => Math.floor(step / 2));
      resumed.states[0]!.counters['scheduler.position'] = 1;
    },
    says: /the schedule is 1 update ahead: 'scheduler\.position' is 1 instead of 0/,
    cause: 'schedule-shifted',
  },
  {
    what: 'a learning rate that does not drop any more, at a change that is rare',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 6 ? 0.2 : 0.02));
      inEach(resumed, (step) => setRate(step, 0.2));
    },
    says: /the learning rate does not change to 0\.02000 in step 6, nor up to step 8: what triggers the change/,
    cause: 'schedule-changes-at-other-steps',
  },
  {
    what: 'a warm-up that is made again, which the restored learning rate shows too',
    spoil({ all, resumed }) {
      count(all, 'scheduler.lr', (step) => 0.1 / step);
      resumed.states[0]!.counters['scheduler.lr'] = 0.1 / 12;
      inEach(resumed, (step) => {
        const share = Math.min(1, (step.step - 4) / 3);
        const { learningRates } = step.claimed;
        for (const group of Object.keys(learningRates)) learningRates[group]! *= share;
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : rate * share));
      });
    },
    says: /the learning rates are 0\.3333 and 0\.6667 times the control’s in the first 2 updates, and equal from step 7 on: a warm-up is made again/,
    cause: 'warmup-restarted',
  },
  {
    what: 'a schedule that restarts in a later step, with a count that ends where it began',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      resumed.states.at(-1)!.counters['scheduler.position'] = 4;
      from(resumed, 6, (step) => {
        const { step: at } = step;
        step.claimed.learningRates = { first: 0.1 / (at - 4), second: 0.2 / (at - 4) };
        step.learningRates = step.learningRates.map((rate) =>
          rate === null ? null : (rate * at) / (at - 4),
        );
      });
    },
    says: /the schedule continues right up to step 5, and from step 6 on the learning rates are those of step 2 on/,
    never: /no longer advances/,
    cause: 'schedule-restarted',
  },
  {
    what: 'a schedule that restarts in the last step',
    spoil: ({ resumed }) =>
      from(resumed, 8, (step) => {
        step.claimed.learningRates = { first: 0.1 / 2, second: 0.2 / 2 };
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : rate * 4));
      }),
    says: /the schedule continues right up to step 7, and in step 8 the learning rate is that of step 2: it restarts there/,
    cause: 'schedule-restarted',
  },
  {
    what: 'learning rates that rise towards the control’s up to the end',
    plan: { steps: 8, resumeAt: [6] },
    spoil: ({ resumed }) =>
      inEach(resumed, (step) => {
        const share = (step.step - 6) / 3;
        const { learningRates } = step.claimed;
        for (const group of Object.keys(learningRates)) learningRates[group]! *= share;
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : rate * share));
      }),
    says: /the learning rates are 0\.3333 and 0\.6667 times the control’s in the first 2 updates, on a line from 0: a warm-up is made again/,
    cause: 'warmup-restarted',
  },
  {
    what: 'learning rates that rise towards the control’s up to the end, on no line from 0',
    plan: { steps: 8, resumeAt: [6] },
    spoil: ({ resumed }) => inEach(resumed, (step) => scaleRates(step, step.step === 7 ? 0.5 : 0.75)),
    says: /the schedule has a different position, base rate, length, unit or formula, follows other values \(a metric\), makes its warm-up again, or its rates reach the optimizer late/,
    cause: 'schedule-wrong-shape',
  },
  {
    what: 'a warm-up whose first update has a learning rate of 0 in both runs',
    spoil({ all, resumed }) {
      for (const trace of all) from(trace, 5, (step) => step.step === 5 && setRate(step, 0));
      from(resumed, 6, (step) => scaleRates(step, Math.min(1, (step.step - 4) / 3)));
    },
    says: /the learning rates are 0\.6667 times the control’s in step 6, and equal from step 7 on: a warm-up is made again/,
    cause: 'warmup-restarted',
  },
  {
    what: 'a warm-up that only the segment after the second resume is long enough to show',
    plan: { steps: 8, resumeAt: [4, 5] },
    spoil({ after }) {
      inEach(after[0]!, (step) => scaleRates(step, 1 / 3));
      inEach(after[1]!, (step) => scaleRates(step, Math.min(1, (step.step - 5) / 3)));
    },
    says: /the learning rate is 0\.3333 times the control’s, and after resume 2 the learning rates are 0\.3333 and 0\.6667 times the control’s in the first 2 updates, and equal from step 8 on: a warm-up is made again at each resume/,
    cause: 'warmup-restarted',
  },
  {
    what: 'a first learning rate by a factor that a later resume does not have',
    plan: { steps: 8, resumeAt: [4, 5] },
    spoil({ after }) {
      inEach(after[0]!, (step) => scaleRates(step, 1.5));
      inEach(after[1]!, (step) => scaleRates(step, 1.5 + step.step));
    },
    says: /the schedule has a different position, base rate, length, unit or formula, follows other values \(a metric\), or its rates reach the optimizer late\.$/,
    never: /base learning rate/,
    cause: 'schedule-wrong-shape',
  },
  {
    what: 'a schedule that is one update behind and then constant',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, Math.min(step.step, 6) / 10));
      inEach(resumed, (step) => setRate(step, Math.min(step.step - 1, 6) / 10));
    },
    says: /the schedule is 1 update behind/,
    never: /warm-up/,
    cause: 'schedule-shifted',
  },
  {
    what: 'a count that stays, where one that restarts would end the same',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      for (const trace of all) inEach(trace, (step) => setRate(step, 0.1));
      resumed.states.at(-1)!.counters['scheduler.position'] = 4;
    },
    says: /either the schedule no longer advances, or it restarts after the resume: its count is the same after 4 steps/,
    cause: 'schedule-stands-still',
  },
  {
    what: 'the only update with a learning rate that differs',
    plan: { steps: 8, resumeAt: [7] },
    spoil: ({ resumed }) =>
      inEach(resumed, (step) => {
        step.claimed.learningRates = { first: 0.1 / 24, second: 0.2 / 24 };
        step.learningRates = step.learningRates.map((rate) => (rate === null ? null : rate / 3));
      }),
    says: /every learning rate is 0\.3333 times the control’s, up to the only update that shows it: either the base learning rate differs, or the schedule has a different position or formula, or makes its warm-up again; more steps after the resume would tell/,
    cause: 'schedule-wrong-base',
  },
];

/** Sets the learning rate of one group of two. */
function setGroupRate(step: Step, group: 'first' | 'second', rate: number): void {
  step.claimed.learningRates[group] = rate;
  step.learningRates = step.learningRates.map((own, at) =>
    own === null || step.groups[at] !== group ? own : rate,
  );
}

/** Two steps of each learning rate. */
const pairsOfRates = (step: number): number => [0.4, 0.3, 0.2, 0.1][Math.floor((step - 1) / 2)]!;

const LATE: readonly Case[] = [
  {
    what: 'learning rates that are the initial ones until the schedule next sets them',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRates(step, pairsOfRates(step.step)));
      inEach(resumed, (step) => setRates(step, step.step < 7 ? 0.4 : pairsOfRates(step.step)));
    },
    says: /in steps 5 to 6, and not after, the learning rates are those that the run starts with \(first 0\.4000, second 0\.8000 instead of first 0\.2000, second 0\.4000\): the schedule is right, but its rates are set, or reach the optimizer, only in step 7/,
    never: /position|from step 5 on|formula/,
    supposes: /^the learning rates are older ones until the schedule next sets them/,
    fixes: /^set the learning rates of the schedule right after the load/,
    cause: 'learning-rate-late',
  },
  {
    what: 'learning rates of one group that are those of an earlier step until the next change',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRates(step, pairsOfRates(step.step)));
      inEach(resumed, (step) => step.step < 7 && setGroupRate(step, 'second', 0.6));
    },
    says: /in steps 5 to 6, and not after, the learning rate of 'second' is that of step 4 \(0\.6000 instead of 0\.4000\): .* only in step 7; the other group is right/,
    never: /'first'|starts with/,
    cause: 'learning-rate-late',
  },
  {
    what: 'the first of the learning rates, in a run that warms up',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, Math.min(4, step.step) / 10));
      from(resumed, 5, (step) => setRate(step, step.step === 5 ? 0.1 : 0.4));
    },
    says: /in step 5, and not after, the learning rates are those that the run starts with .* only in step 6, or a warm-up of one update is made again/,
    cause: 'learning-rate-late',
  },
  {
    what: 'learning rates that differ here and there',
    spoil({ all, resumed }) {
      const other: Record<number, number> = { 5: 0.25, 7: 0.17 };
      for (const trace of all) inEach(trace, (step) => setRates(step, pairsOfRates(step.step)));
      inEach(resumed, (step) => setRates(step, other[step.step] ?? pairsOfRates(step.step)));
    },
    says: /in 2 of the 4 steps from step 5 on, the learning rates differ from the control’s/,
    never: /^After resume 1, from step 5 on/,
    cause: 'schedule-wrong-shape',
  },
];

/** The control changes these counters during the run. */
const SCHEDULED: readonly Case[] = [
  {
    what: 'a scheduled momentum that starts over, with learning rates that do',
    spoil({ all, resumed }) {
      count(all, 'momentum', (step) => 0.95 - step / 100);
      resumed.states[0]!.counters.momentum = 0.95;
      inEach(resumed, (step) => setRates(step, 0.1 / (2 * step.step - 9)));
    },
    says: /the schedule starts over: 'momentum' is 0\.9500 instead of 0\.9100, and from step 5 on, the learning rates differ \(first 0\.1000, second 0\.2000 instead of first 0\.02000, second 0\.04000\)/,
    supposes: /^the schedule is not where it was/,
    cause: 'scheduled-values-differ',
  },
  {
    what: 'a scheduled momentum, with learning rates that differ in the first step only',
    spoil({ all, resumed }) {
      count(all, 'momentum', (step) => 0.95 - step / 100);
      resumed.states[0]!.counters.momentum = 0.93;
      from(resumed, 5, (step) => step.step === 5 && setRates(step, 0.07));
    },
    says: /the schedule has another position, length or formula: 'momentum' is 0\.9300 instead of 0\.9100, and in step 5, and not after, the learning rates differ/,
    never: /starts over/,
    cause: 'scheduled-values-differ',
  },
  {
    what: 'a value that changes, and that nothing says is the optimizer’s',
    spoil({ all, resumed }) {
      count(all, 'epsilon', (step) => 0.95 - step / 100);
      resumed.states[0]!.counters.epsilon = 0.95;
    },
    says: /a counter was not restored: 'epsilon' is 0\.9500 instead of 0\.9100; the control changes it during the run, so what drives it \(a schedule, a count\) may not be where it was/,
    never: /optimizer|hyperparameter/,
    supposes: /^(?!.*optimizer)/,
    cause: 'counters-changed',
  },
  {
    what: 'such a value, with learning rates that differ because their schedule is not where it was',
    spoil({ all, resumed }) {
      count(all, 'epsilon', (step) => 0.95 - step / 100);
      count(all, 'schedule.all.lastEpoch', (step) => step);
      Object.assign(resumed.states[0]!.counters, { epsilon: 0.95, 'schedule.all.lastEpoch': 0 });
      inEach(resumed, (step) => setRates(step, 0.1 / (step.step - 4)));
    },
    says: /schedule/,
    never: /optimizer hyperparameter/,
    cause: 'schedule-restarted',
  },
  {
    what: 'a scheduled momentum of a group, with learning rates that are right',
    spoil({ all, resumed }) {
      count(all, 'momentum.first', (step) => 0.95 - step / 100);
      resumed.states[0]!.counters['momentum.first'] = 0.95;
    },
    says: /optimizer hyperparameters differ from the saved ones: 'momentum\.first' is 0\.9500 instead of 0\.9100; the control changes it during the run, so what drives it \(a schedule, a count\) may not be where it was/,
    cause: 'hyperparameters-changed',
  },
  {
    what: 'a constant of an optimizer',
    spoil({ all, resumed }) {
      count(all, 'optimizer.0.eps', () => 1e-4);
      resumed.states[0]!.counters['optimizer.0.eps'] = 1e-8;
    },
    says: /optimizer hyperparameters differ from the saved ones: 'optimizer\.0\.eps' is 1\.000e-8 instead of 1\.000e-4; either/,
    cause: 'hyperparameters-changed',
  },
  {
    what: 'a constant hyperparameter, with learning rates that differ',
    spoil({ all, resumed }) {
      count(all, 'weightDecay', () => 0.1);
      resumed.states[0]!.counters.weightDecay = 0;
      inEach(resumed, (step) => setRates(step, 0.1 / (2 * step.step - 9)));
    },
    says: /optimizer hyperparameters differ from the saved ones: 'weightDecay' is 0 instead of 0\.1000/,
    never: /the control changes it/,
    cause: 'hyperparameters-changed',
  },
];

const OF_OLDER_STEP: readonly Case[] = [
  {
    what: 'counters of an older save, with all other state of the newest',
    plan: { steps: 9, resumeAt: [3, 6] },
    spoil({ all, after }) {
      count(all, 'iter', (step) => step);
      Object.assign(after[1]!.states[0]!.counters, { iter: 3, epoch: 1 });
    },
    says: /^After resume 2, 2 of 4 counters are those of step 3, an earlier save: 'epoch' is 1 instead of 2, 'iter' is 3 instead of 6; either the save or the load is at fault\.$/,
    never: /position in the data|the data/,
    supposes: /^counters of several kinds have the values of an earlier step/,
    fixes: /^write all counters/,
    cause: 'counters-of-older-step',
  },
  {
    what: 'counters of a step that was not saved',
    spoil({ all, resumed }) {
      count(all, 'iter', (step) => step);
      count(all, 'data.position', (step) => 4 * step);
      Object.assign(resumed.states[0]!.counters, { iter: 3, 'data.position': 12 });
      for (const { steps } of all.filter(({ run }) => run?.role === 'control'))
        for (const step of steps)
          step.counters = { ...step.counters, iter: step.step, 'data.position': 4 * step.step };
    },
    says: /2 of 5 counters are those of step 3: 'iter' is 3 instead of 4, 'data\.position' is 12 instead of 16/,
    never: /earlier save/,
    cause: 'counters-of-older-step',
  },
  {
    what: 'counters that have the values of no one step',
    plan: { steps: 9, resumeAt: [3, 6] },
    spoil({ all, after }) {
      count(all, 'iter', (step) => step);
      Object.assign(after[1]!.states[0]!.counters, { iter: 2, epoch: 1 });
    },
    says: /'epoch' is 1 instead of 2|'iter' is 2 instead of 6/,
    never: /those of step/,
    cause: 'data-position-changed',
  },
  {
    what: 'an epoch that no batch shows',
    spoil: ({ resumed }) => Object.assign(resumed.states[0]!.counters, { epoch: 3 }),
    says: /the epoch differs from the saved one, though the batches are the control’s: 'epoch' is 3 instead of 1/,
    never: /position in the data/,
    supposes: /^the position in the data, or the epoch, is not the saved one$/,
    cause: 'data-position-changed',
  },
];

const COURSES: readonly Case[] = [
  {
    what: 'learning rates of one group that are those of later steps, most of them beyond the end',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setGroupRate(step, 'second', 0.5 ** step.step));
      inEach(resumed, (step) => setGroupRate(step, 'second', 0.5 ** (step.step + 3)));
    },
    says: /the schedule of 'second' is 3 updates ahead \(step 5 has the learning rate of the control’s step 8, 0\.003906 instead of 0\.03125\), or its base learning rate is 0\.1250 times the control’s; the other group is right/,
    never: /length, unit or formula/,
    cause: 'schedule-shifted',
  },
  {
    what: 'learning rates of one group that are those of earlier steps',
    spoil: ({ resumed }) => inEach(resumed, (step) => setGroupRate(step, 'second', 0.2 / (step.step - 2))),
    says: /the schedule of 'second' is 2 updates behind; the other group is right/,
    cause: 'schedule-shifted',
  },
  {
    what: 'learning rates of one group that restart',
    spoil: ({ resumed }) => inEach(resumed, (step) => setGroupRate(step, 'second', 0.2 / (step.step - 4))),
    says: /the schedule of 'second' restarted: the learning rates are those from step 1 on; the other group is right/,
    cause: 'schedule-restarted',
  },
  {
    what: 'learning rates that are six updates behind',
    plan: { steps: 12, resumeAt: [8] },
    spoil: ({ resumed }) => inEach(resumed, (step) => setRates(step, 0.1 / (step.step - 6))),
    says: /the schedule is 6 updates behind\./,
    cause: 'schedule-shifted',
  },
  {
    what: 'learning rates by the factor of an earlier drop, which drop again where the control’s do',
    spoil({ all, resumed }) {
      const rates = [0.1, 0.1, 0.03, 0.03, 0.03, 0.03, 0.009, 0.009];
      for (const trace of all) inEach(trace, (step) => setRate(step, rates[step.step - 1]!));
      inEach(resumed, (step) => setRate(step, rates[step.step - 1]! * 0.3));
    },
    says: /every learning rate is 0\.3000 times the control’s: the change of step 3 was made again, or the base learning rate differs/,
    never: /what triggers the change|instead of step/,
    cause: 'schedule-wrong-base',
  },
  {
    what: 'learning rates by another factor, which drop where the control’s do',
    spoil({ all, resumed }) {
      const rates = [0.1, 0.1, 0.03, 0.03, 0.03, 0.03, 0.012, 0.012];
      for (const trace of all) inEach(trace, (step) => setRate(step, rates[step.step - 1]!));
      inEach(resumed, (step) => setRate(step, rates[step.step - 1]! * 0.4));
    },
    says: /every learning rate is 0\.4000 times the control’s: the schedule continues from a different base learning rate/,
    never: /what triggers the change|made again/,
    cause: 'schedule-wrong-base',
  },
  {
    what: 'a learning rate that stays at another value while the control’s stays too',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, 0.4));
      inEach(resumed, (step) => setRate(step, 0.1));
    },
    says: /every learning rate is 0\.2500 times the control’s: either the base learning rate differs, or the schedule has a different position or formula/,
    cause: 'schedule-wrong-base',
  },
  {
    what: 'learning rates that stay at the first one, as the control’s do at first',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 5 ? 0.4 : 1 / step.step));
      inEach(resumed, (step) => setRate(step, 0.4));
    },
    says: /the schedule restarted, or stays where it starts: the learning rates are those from step 1 on/,
    cause: 'schedule-restarted',
  },
  {
    what: 'a learning rate that drops later, with a position that was restored',
    spoil({ all, resumed }) {
      count(all, 'scheduler.position', (step) => step);
      for (const trace of all) inEach(trace, (step) => setRate(step, step.step < 6 ? 0.2 : 0.02));
      inEach(resumed, (step) => setRate(step, step.step < 8 ? 0.2 : 0.02));
    },
    says: /in step 8 instead of step 6: what triggers the change \(a metric, a count of bad epochs\) is not restored, or not observed/,
    never: /the schedule’s position/,
    cause: 'schedule-changes-at-other-steps',
  },
];

/** Sets the learning rates of the two groups, the second of which has twice that of the first. */
function setRates(step: Step, rate: number): void {
  setGroupRate(step, 'first', rate);
  setGroupRate(step, 'second', 2 * rate);
}

/** As with other draws of dropout, or other statistics. */
function trainOtherwise(step: Step): void {
  step.claimed.loss += 0.1;
  step.gradientL2 = step.gradientL2.map((norm, at) => (norm === null ? null : norm * (1.1 + at / 8)));
}

/** Gives each step its batch. */
const feed = (trace: Draft, batch: (step: number) => readonly string[]): void =>
  inEach(trace, (step) => {
    step.claimed.batch = [...batch(step.step)];
  });
/** Examples of the data in order, from a place on. */
const rows = (begin: number, length: number): string[] =>
  Array.from({ length }, (_, at) => `row ${begin + at}`);
const fours = (step: number): string[] => rows(4 * (step - 1), 4);

const BATCHES: readonly Case[] = [
  {
    what: 'the same examples in smaller batches',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => rows(16 + 2 * (step - 5), 2));
    },
    says: /from step 5 on, the batches have another size than in the control \(2 instead of 4\), with the same examples in the same order: what sets the batch size \(a ramp, a split among ranks\) is not restored, or not observed/,
    cause: 'batch-size-differs',
  },
  {
    what: 'a batch size that ramps again',
    spoil({ all, resumed }) {
      const begins = [0, 1, 3, 6, 10, 15, 21, 28];
      for (const trace of all) feed(trace, (step) => rows(begins[step - 1]!, step));
      feed(resumed, (step) => rows(10 + begins[step - 5]!, step - 4));
    },
    says: /another size than in the control \(1 instead of 5\).*the sizes are those of step 1 on/,
    cause: 'batch-size-differs',
  },
  {
    what: 'smaller batches of examples that the control never sees',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      from(resumed, 6, (step) => {
        step.claimed.batch = [`easy ${step.step}`];
      });
    },
    says: /from step 6 on, the batches have another size than in the control \(1 instead of 4\), and the control has none of the example in the batch of step 6|from step 6 on, the batches have another size than in the control \(1 instead of 4\), and the control never has their examples/,
    never: /order/,
    cause: 'batch-size-differs',
  },
  {
    what: 'as many examples, which the control never sees',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => ['a', 'b', 'c', 'd'].map((name) => `lesson 1 ${name} ${step}`));
    },
    says: /from step 5 on, the batches hold only examples that the control never has: what they are drawn from \(a data set, a split, a lesson, a replay buffer\), or what is added to them \(noise, an augmentation\), was not restored/,
    never: /order/,
    cause: 'data-other',
  },
  ...(
    [
      ['later', 1, 'data-skipped'],
      ['earlier', -1, 'data-rewound'],
    ] as const
  ).map(
    ([where, epochs, cause]): Case => ({
      what: `a counted position in a${where === 'earlier' ? 'n' : ''} ${where} epoch, with examples that the control never sees`,
      spoil({ all, resumed }) {
        for (const trace of all) {
          feed(trace, fours);
          for (const state of trace.states)
            Object.assign(state.counters, { 'data.epoch': 3, 'data.position': state.step });
        }
        feed(resumed, (step) => ['a', 'b', 'c', 'd'].map((name) => `${name} of step ${step}`));
        for (const { counters, step } of resumed.states)
          Object.assign(counters, { 'data.epoch': 3 + epochs, 'data.position': step - 4 });
      },
      says: new RegExp(
        `the data continues from an? ${where} position, whose examples the control never has: 'data.epoch' is ${3 + epochs} instead of 3`,
      ),
      cause,
    }),
  ),
  {
    what: 'a batch of an earlier step, after which the batches are right again',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => fours(step === 6 ? 2 : step));
    },
    says: /the batches are right up to step 5; that of step 6 has the examples of the control’s step 2, 16 examples earlier, and 1 of 3 batches differ from there on: what selects the data then/,
    never: /too early|seen twice/,
    cause: 'data-rewound',
  },
  {
    what: 'batches that follow from a training that had departed before',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      from(resumed, 6, trainOtherwise);
      feed(resumed, (step) => (step < 7 ? fours(step) : fours(step - 4)));
    },
    says: /everything observed is equal up to step 5; in step 6, .*the loss is not/,
    never: /seen twice|the data/,
    cause: null,
  },
  {
    what: 'a batch that begins right and then goes back',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => (step === 5 ? [...rows(16, 2), ...rows(8, 2)] : rows(10 + 4 * (step - 6), 4)));
    },
    says: /after 2 examples that are right, the data continues 10 examples too early, so they are seen twice/,
    cause: 'data-rewound',
  },
  {
    what: 'a batch that begins right and then skips',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => (step === 5 ? [...rows(16, 1), ...rows(20, 3)] : rows(23 + 4 * (step - 6), 4)));
    },
    says: /after 1 example that is right, the data continues 3 examples too late, so they are never seen/,
    cause: 'data-skipped',
  },
  {
    what: 'the same examples in another order',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => fours(13 - step).toReversed());
    },
    says: /from step 5 on, the data is in a different order than in the control: the same examples up to step 8/,
    cause: 'data-reshuffled',
  },
  {
    what: 'some examples that were seen before, and some that come later, where random state is not observed',
    spoil({ all, resumed }) {
      for (const trace of all) {
        undrawn([trace]);
        for (const state of trace.states) state.random = {};
        feed(trace, fours);
      }
      feed(resumed, (step) => [`row ${step}`, `row ${step + 20}`, `row ${3 * step}`, 'row 0']);
    },
    says: /from step 5 on, the batches are mixed differently: of the 4 examples in step 5, the control has 3 before it and 1 other after it: what selects them \(a position, a seed, a generator, priorities, a buffer …\) is not restored, or not observed/,
    never: /0 /,
    supposes: /^what selects the examples was not restored/,
    cause: 'data-reshuffled',
  },
  {
    what: 'an example of the step between the resume and the batch that differs',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => (step === 7 ? ['row 16', 'row 25', 'row 31', 'strange'] : fours(step)));
    },
    says: /in step 7, and not after, .*of the 4 examples in step 7, the control has 1 in that step, 1 other before it, 1 other after it and 1 never/,
    cause: 'data-drawn-otherwise',
  },
  {
    what: 'other examples, drawn with the same random numbers, some of which are right again',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, (step) => [`row ${step % 3}`, 'row 3', `row ${step % 2}`]);
      from(resumed, 5, (step) => {
        if (step.step < 7) step.claimed.batch = ['row 3', 'row 3', 'row 2'];
      });
    },
    says: /in steps 5 to 6, and not after, other examples are drawn, although random state and the position in the data are equal: what they are drawn by \(an order, priorities, lengths, an index, a buffer, the data …\) is not restored, or not observed; of the 3 examples in step 5, the control has 3 in that step/,
    never: /from step 5 on|cursor/,
    supposes: /^what the examples are drawn by was not restored/,
    fixes: /^save and restore what examples are drawn by/,
    cause: 'data-drawn-otherwise',
  },
  {
    what: 'one batch of examples that the control never sees, and others that it does',
    spoil({ all, resumed }) {
      for (const trace of all) feed(trace, fours);
      feed(resumed, (step) => (step === 5 ? ['a', 'b', 'c', 'd'] : fours(step - 4)));
    },
    says: /from step 5 on, the batches differ, and that of step 5 holds only examples that the control never has/,
    cause: 'data-other',
  },
];

/** Records the states of the generators after each step. */
function drawing(traces: readonly Draft[], of: (trace: Draft, step: number) => Record<string, string>): void {
  for (const trace of traces)
    inEach(trace, (step) => {
      step.random = of(trace, step.step);
    });
}
/** Without what steps record of generators. */
function undrawn(traces: readonly Draft[]): void {
  for (const trace of traces) inEach(trace, (step) => delete step.random);
}
const randomOf = (step: number): Record<string, string> => stateAfter(step).random;
const lossDiffers = (trace: Draft, first: number): void =>
  from(trace, first, (step) => {
    step.claimed.loss *= 1.1;
  });
/** Ends with other generators. */
const endWith = (trace: Draft, random: Record<string, string>): void =>
  void Object.assign(trace.states.at(-1)!.random, random);

const DRAWS: readonly Case[] = [
  {
    what: 'generators with each other’s state',
    spoil({ resumed }) {
      const { noise, dropout } = randomOf(4);
      resumed.states[0]!.random = { noise: dropout!, dropout: noise! };
    },
    says: /all 2 random generators .* have the state of another generator: 'noise' has the state of 'dropout'; /,
    supposes: /^generators have the saved state of other generators$/,
    fixes: /under its own name/,
    cause: 'random-exchanged',
  },
  {
    what: 'a generator with the state of another, which keeps its own',
    spoil({ resumed }) {
      const { dropout } = randomOf(4);
      resumed.states[0]!.random = { noise: dropout!, dropout: dropout! };
    },
    says: /1 of 2 random generators \('noise'\) has the state of another generator: 'noise' has the state of 'dropout', which keeps its own/,
    supposes: /^(?!.*each other)/,
    cause: 'random-exchanged',
  },
  {
    what: 'generators in a state that only a step of the run shows',
    spoil({ all, resumed }) {
      drawing(all, (_, step) => randomOf(step));
      resumed.states[0]!.random = randomOf(2);
    },
    says: /all 2 random generators .* continue from step 2 instead of step 4, so numbers are drawn again/,
    supposes: /^generators are in a state from an earlier step$/,
    cause: 'random-rewound',
  },
  {
    what: 'generators in a state that nothing shows',
    spoil({ all, resumed }) {
      undrawn(all);
      resumed.states[0]!.random = randomOf(2);
    },
    says: /all 2 random generators .* are in a state that is recorded nowhere else: numbers were drawn after the restore, the seed differs, or it is the state of another step/,
    never: /never had/,
    cause: 'random-changed',
  },
  {
    what: 'generators that have one state of an earlier step, and then others',
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => {
        if (trace !== resumed || step < 6) return randomOf(step);
        return step === 6 ? randomOf(2) : { noise: `other ${step}`, dropout: `other ${step}` };
      });
      endWith(resumed, { noise: 'other 8', dropout: 'other 8' });
      lossDiffers(resumed, 7);
    },
    says: /were restored, but in step 6 they have the state that the control has in step 2: they were reseeded or put back in step 6/,
    never: /from step/,
    cause: 'random-restarted-later',
  },
  {
    what: 'generators that end as they began, where one that restarted would too',
    spoil({ all, resumed }) {
      undrawn(all);
      lossDiffers(resumed, 5);
      endWith(resumed, randomOf(4));
    },
    says: /either nothing is drawn from 'noise', 'dropout' \(the model is in evaluation mode, or draws from another generator\), or they restarted after the resume and came round to the same state; record `random` after each step to tell/,
    cause: 'evaluation-mode',
  },
  {
    what: 'generators that end as they began, where one that restarted would not',
    plan: { steps: 8, resumeAt: [5] },
    spoil({ all, resumed }) {
      undrawn(all);
      lossDiffers(resumed, 6);
      endWith(resumed, randomOf(5));
    },
    says: /the model is in evaluation mode or draws from another generator: nothing is drawn from 'noise', 'dropout'/,
    never: /either/,
    cause: 'evaluation-mode',
  },
  {
    what: 'generators that end the only step as they began it, where one that restarted would too',
    plan: { steps: 2, resumeAt: [1] },
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => randomOf(trace === resumed ? 1 : step));
      lossDiffers(resumed, 2);
      endWith(resumed, randomOf(1));
    },
    says: /either nothing is drawn from 'noise', 'dropout'.*came round to the same state; a longer segment would tell/,
    cause: 'evaluation-mode',
  },
  {
    what: 'generators that stand still in every step',
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => randomOf(trace === resumed ? 4 : step));
      lossDiffers(resumed, 5);
      endWith(resumed, randomOf(4));
    },
    says: /the model is in evaluation mode or draws from another generator: nothing is drawn from 'noise', 'dropout'/,
    never: /either/,
    cause: 'evaluation-mode',
  },
  {
    what: 'generators that restart in the first step and come round',
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => randomOf(trace === resumed ? step - 4 : step));
      lossDiffers(resumed, 5);
      endWith(resumed, randomOf(4));
    },
    says: /'noise', 'dropout' were restored, but from step 5 on they have the states that the control has from step 1 on: they were reseeded or put back in step 5/,
    never: /evaluation mode/,
    cause: 'random-restarted-later',
  },
  {
    what: 'a generator that stands still for two steps',
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => {
        const late = trace === resumed ? Math.max(4, step - 2) : step;
        return { ...randomOf(step), dropout: randomOf(late).dropout! };
      });
      lossDiffers(resumed, 5);
      endWith(resumed, { dropout: randomOf(6).dropout! });
    },
    says: /nothing is drawn from 'dropout' in steps 5 to 6, though the control draws there: the model is in evaluation mode, or draws from another generator, in these steps/,
    cause: 'evaluation-mode',
  },
  {
    what: 'a generator that is put back after the first step, whose loss is right',
    spoil({ all, resumed }) {
      drawing(all, (trace, step) => ({
        ...randomOf(step),
        noise: randomOf(trace === resumed ? step - 1 : step).noise!,
      }));
      lossDiffers(resumed, 6);
      endWith(resumed, { noise: randomOf(7).noise! });
    },
    says: /'noise' does not advance in step 5, where the loss is right: the state is put back afterwards, so the same numbers are drawn again/,
    never: /evaluation mode/,
    cause: 'random-drawn-differently',
  },
  {
    what: 'samples that stay, with other parameters than the control’s',
    spoil({ resumed }) {
      from(resumed, 5, (step) => {
        step.updateL2 = step.updateL2.map((norm, at) => norm * (2 + at));
      });
      for (const tensor of tensors(resumed, 'parameter', 'end')) {
        if (tensor.name !== 'frozen') Object.assign(tensor, { digest: 'f'.repeat(64) });
      }
      for (const sample of resumed.samples.filter(({ at }) => at === 'end')) {
        sample.digest = resumed.samples.find(
          ({ at, name }) => at === 'resume' && name === sample.name,
        )!.digest;
      }
    },
    says: /but the updates of all 3 parameters are not/,
    never: /copy that is not trained/,
    cause: null,
  },
];

const ORDERS: readonly Case[] = [
  {
    what: 'slots that hold the saved values in another order',
    spoil({ all, resumed }) {
      for (const { states } of all)
        for (const state of states) for (const tensor of state.tensors) tensor.unordered = '0'.repeat(16);
      Object.assign(named(resumed, 'slot', 'a.exp_avg'), { digest: 'f'.repeat(64) });
    },
    says: /1 of 6 optimizer slots \('a\.exp_avg'\) holds its saved values in another order: transposed, permuted or in another memory layout/,
    cause: 'slots-reordered',
  },
  {
    what: 'parameters that hold the saved values in another order',
    spoil({ all, resumed }) {
      for (const { states } of all)
        for (const state of states) for (const tensor of state.tensors) tensor.unordered = '0'.repeat(16);
      for (const name of ['a', 'b'])
        Object.assign(named(resumed, 'parameter', name), {
          digest: name === 'a' ? 'f'.repeat(64) : 'e'.repeat(64),
        });
    },
    says: /2 of 4 parameters \('a', 'b'\) hold their saved values in another order/,
    cause: 'weights-reordered',
  },
  {
    what: 'a slot with the saved norm, where no digest tells the order',
    spoil({ all, resumed }) {
      for (const { states } of all)
        for (const state of states) for (const tensor of state.tensors) delete tensor.unordered;
      Object.assign(named(resumed, 'slot', 'a.exp_avg'), { digest: 'f'.repeat(64) });
    },
    says: /1 of 6 optimizer slots differs from the saved one \('a\.exp_avg': L2 norm 5 in both, so the values may be the saved ones in another order or with other signs\)/,
    cause: 'slots-changed',
  },
];

const VALUES: readonly Case[] = [
  {
    what: 'parameters that lie near the saved ones',
    spoil({ resumed }) {
      for (const tensor of tensors(resumed, 'parameter').filter(({ name }) => name !== 'frozen'))
        Object.assign(tensor, {
          digest: 'f'.repeat(64),
          l2: tensor.l2 + 0.01,
          sketch: tensor.sketch!.map((sum) => sum * 1.05),
        });
    },
    says: /3 of 4 parameters are neither the saved ones nor those of any other step .*, but lie near what was saved, at about 0\.\d+ of the distance to the initial values: they are averages/,
    never: /initialised again/,
    cause: 'weights-changed',
  },
  {
    what: 'a state of an earlier step, of which only a step count and slots tell',
    plan: { steps: 8, resumeAt: [5] },
    spoil({ all, control, resumed }) {
      const then = control.steps.find(({ step }) => step === 4)!;
      for (const { run, states, steps } of all) {
        run!.lacks = ['random'];
        for (const state of states) [state.random, state.counters] = [{}, { step: state.step }];
        for (const step of steps) {
          delete step.random;
          delete step.counters;
        }
      }
      const state = resumed.states[0]!;
      state.counters.step = 4;
      for (const tensor of state.tensors)
        if (tensor.kind === 'slot') tensor.digest = 'e'.repeat(64);
        else if (tensor.kind === 'parameter' && tensor.name !== 'frozen')
          Object.assign(tensor, { digest: 'f'.repeat(64), l2: then.l2[then.names.indexOf(tensor.name)]! });
    },
    says: /the parameters, slots and counters are from step 4: a state older than step 5 was saved or loaded/,
    cause: 'older-checkpoint',
  },
];

const GRADIENTS: readonly Case[] = [
  {
    what: 'gradients of all parameters that grow after an update',
    spoil: ({ resumed }) =>
      from(resumed, 6, (step) => {
        step.gradientL2 = step.gradientL2.map((norm, at) => (norm === null ? null : norm * (1.5 + at)));
      }),
    says: /gradients are not cleared after an update/,
    cause: 'gradients-kept',
  },
  {
    what: 'gradients of some parameters that differ after an update',
    spoil: ({ resumed }) =>
      from(resumed, 6, (step) => {
        step.gradientL2 = step.gradientL2.map((norm, at) =>
          norm === null || at === 0 ? norm : norm * (1.5 + at),
        );
      }),
    says: /in step 6, the loss and batch ids are equal, but the gradients of 'b', 'c' \(2 of 3 parameters\) are not, by factors from 2\.500 to 3\.500: the backward pass/,
    never: /cleared/,
    cause: null,
  },
];

const MODES: readonly Case[] = [
  {
    what: 'a control that stays in evaluation mode',
    spoil({ all, control, resumed }) {
      for (const trace of all) inEach(trace, (step) => (step.evaluating = []));
      from(control, 5, (step) => (step.evaluating = ['net']));
      from(resumed, 6, (step) => {
        trainOtherwise(step);
      });
    },
    says: /After resume 1, in step 6, 'net' is in training mode, though in evaluation mode in the control: what changes the mode \(a validation, a sample, a load\) does not change it back/,
    cause: 'evaluation-mode',
  },
  {
    what: 'frozen statistics that are trained after the resume, beside a layer that no longer is',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => (step.evaluating = ['body.norm']));
      inEach(resumed, (step) => {
        step.evaluating = ['head.dropout'];
        trainOtherwise(step);
      });
    },
    says: /in step 5, 'head\.dropout' is in evaluation mode, though in training mode in the control, and 'body\.norm' is in training mode, though in evaluation mode in the control/,
    cause: 'evaluation-mode',
  },
  {
    what: 'modes that differ only after the loss does',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => (step.evaluating = []));
      from(resumed, 7, (step) => (step.evaluating = ['net']));
      from(resumed, 5, trainOtherwise);
    },
    says: /the loss is not/,
    never: /evaluation mode/,
    cause: null,
  },
];

/** No step updates or moves anything. */
function standStill(trace: Draft): void {
  const { l2 } = trace.steps[0]!;
  inEach(trace, (step) => {
    const none = <T>(value: T): T[] => step.names.map(() => value);
    Object.assign(step, {
      updates: none(0),
      updateL2: none(0),
      changed: none(false),
      l2,
      learningRates: none(null),
      appliedGradientL2: none(null),
    });
  });
}

const IDLE: readonly Case[] = [
  {
    what: 'parameters that the control unfreezes, and the resumed run does not',
    spoil({ all, control, resumed }) {
      for (const { states } of all)
        for (const { tensors } of states)
          for (const tensor of tensors)
            if (tensor.kind === 'parameter' && tensor.name !== 'c') tensor.trainable = false;
      for (const name of ['a', 'b'])
        control.states
          .at(-1)!
          .tensors.find((one) => one.kind === 'parameter' && one.name === name)!.trainable = true;
      inEach(resumed, (step) => {
        step.gradientL2 = step.gradientL2.map((norm, at) => (step.names[at] === 'c' ? norm : null));
      });
    },
    says: /2 of 4 parameters \('a', 'b'\) are still frozen at step 8, though the control has unfrozen them: what unfreezes them/,
    never: /attached/,
    cause: 'trainable-lost',
  },
  {
    what: 'an optimizer of replaced variables that get no gradients',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => (step.hookCalls = step.names.map(() => 0)));
      for (const state of resumed.states) {
        state.tensors = state.tensors.filter(({ kind }) => kind !== 'slot');
        for (const tensor of state.tensors) delete tensor.group;
      }
      standStill(resumed);
      inEach(resumed, (step) => (step.claimed.applied = false));
    },
    says: /the optimizer holds the pre-restore variables, or is not called: gradients reach the new variables, but none of 12 updates does/,
    cause: 'optimizer-holds-old-parameters',
  },
  {
    what: 'an optimizer of replaced variables, whose slots nothing shows',
    spoil({ all, resumed }) {
      for (const trace of all) inEach(trace, (step) => (step.hookCalls = step.names.map(() => 0)));
      for (const state of resumed.states) {
        state.tensors = state.tensors.filter(({ kind }) => kind !== 'slot');
        if (state.at !== 'resume') continue;
        state.random = {};
        for (const name of Object.keys(state.counters)) if (name !== 'step') state.counters[name] = 0;
      }
      standStill(resumed);
      inEach(resumed, (step) => (step.strayUpdates = 3));
    },
    says: /gradients reach the new variables, but none of 12 updates does/,
    never: /only the parameters were restored/,
    cause: 'optimizer-holds-old-parameters',
  },
  {
    what: 'learning rates that stand still in a run whose hooks never fire',
    spoil({ all, before, resumed }) {
      count(all, 'optimizer.lr', (step) => step / 10);
      for (const { counters } of resumed.states) counters['optimizer.lr'] = 0.4;
      const { learningRates } = before.steps.at(-1)!.claimed;
      standStill(resumed);
      inEach(resumed, (step) => {
        step.hookCalls = step.names.map(() => 0);
        step.claimed.learningRates = learningRates;
      });
    },
    says: /no gradient hook fires: the hooks are on the pre-restore variables/,
    never: /schedule/,
    cause: 'hooks-on-old-parameters',
  },
];

describe.each([
  ['values of other tensors', EXCHANGES],
  ['values of other tensors, among zeros', ZEROS],
  ['accumulation', ACCUMULATION],
  ['hooks', HOOKS],
  ['buffers', BUFFERS],
  ['buffers that stall', STALLED],
  ['what is supposed beneath a headline', SUPPOSED],
  ['random draws and samples', DRAWS],
  ['orders of values', ORDERS],
  ['values', VALUES],
  ['gradients', GRADIENTS],
  ['batches', BATCHES],
  ['counters', COUNTERS],
  ['schedules', SCHEDULES],
  ['courses of learning rates', COURSES],
  ['learning rates that are late', LATE],
  ['scheduled hyperparameters', SCHEDULED],
  ['counters of an older step', OF_OLDER_STEP],
  ['modes', MODES],
  ['idle optimizers', IDLE],
])('%s', (_, cases) => {
  test.each(cases)('$what', (one) => {
    const { headline, cause, outcome, findings } = judged(one);
    expect(headline).toMatch(one.says);
    expect(findings[0]?.likelyCause).toMatch(one.supposes ?? /./);
    expect(findings[0]?.fix).toMatch(one.fixes ?? /./);
    if (one.never !== undefined) expect(headline).not.toMatch(one.never);
    expect(cause).toBe(one.cause);
    expect(outcome).toBe('refuted');
  });
});

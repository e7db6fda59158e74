/** The verdict does not depend on how a recorder names slots, counts steps and tells groups. */
import { describe, expect, test } from 'vitest';
import type { Trace } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { judge } from './judge.ts';
import { slotKind } from './slot-names.ts';
import { CASES, spoilt, tensors } from './testing/cases.ts';
import { DIALECTS, GROUPS_UNTOLD } from './testing/dialects.ts';
import { type Draft, healthyTraces, PLAN } from './testing/traces.ts';

function verdictOn(traces: readonly Trace[]): string {
  const subject = { scenario: 'tested', about: '', expect: 'proven' as const, replay: '' };
  const { outcome, cause } = judge(subject, collectEvidence(PLAN, 'wasm', traces));
  return `${outcome}: ${cause}`;
}

/** The traces of an Adam whose slots begin at zero, with a step count and a schedule for each group. */
function counted(all: readonly Draft[]): void {
  for (const state of all.flatMap(({ states }) => states)) {
    for (const group of ['first', 'second']) {
      state.counters[`optimizer.${group}.step`] = state.step;
      state.counters[`schedule.${group}.lastEpoch`] = state.step;
    }
    if (state.step > 0) continue;
    for (const tensor of state.tensors.filter(({ kind }) => kind === 'slot')) tensor.l2 = 0;
  }
}

const own = (resumed: Draft) => tensors(resumed, 'slot');
const without = (resumed: Draft, lost: (name: string) => boolean): void => {
  const state = resumed.states[0]!;
  state.tensors = state.tensors.filter(({ kind, name }) => kind !== 'slot' || !lost(name));
};
const later = (resumed: Draft): void => {
  for (const step of resumed.steps) step.updateL2 = step.updateL2.map((norm) => norm * 1.01);
};
const zeroed = (those: { l2: number; digest: string }[]): void => {
  for (const tensor of those) Object.assign(tensor, { l2: 0, digest: '0'.repeat(64), sketch: [0, 0, 0, 0] });
};

const FAULTS: Readonly<Record<string, (resumed: Draft) => void>> = {
  'proven: null': () => {},
  'refuted: optimizer-registered-late': (resumed) => {
    without(resumed, (name) => name.startsWith('c.'));
    Object.assign(resumed.states[0]!.counters, {
      'optimizer.second.step': 0,
      'schedule.second.lastEpoch': 0,
    });
    later(resumed);
  },
  'refuted: optimizer-step-reset': (resumed) => {
    Object.assign(resumed.states[0]!.counters, { 'optimizer.first.step': 0, 'optimizer.second.step': 0 });
    later(resumed);
  },
  'refuted: slots-missing': (resumed) => {
    without(resumed, () => true);
    later(resumed);
  },
  'refuted: slots-partly-lost': (resumed) => {
    without(resumed, (name) => name.startsWith('a.'));
    later(resumed);
  },
  'refuted: slot-kind-lost': (resumed) => zeroed(own(resumed).filter(({ name }) => name.endsWith('_sq'))),
  'refuted: slots-zeroed': (resumed) => zeroed(own(resumed)),
  'refuted: slots-permuted': (resumed) => {
    const [a, , b] = own(resumed);
    [a!.digest, b!.digest] = [b!.digest, a!.digest];
  },
};

/** What a dialect does not tell, and so no verdict can. */
const LOSES: Readonly<Record<string, readonly string[]>> = {
  // Nothing shows the step.
  'no step': ['refuted: optimizer-step-reset'],
  // The one count is that of the group whose step came back.
  'one step for all parameters': ['refuted: optimizer-registered-late'],
  // Nothing shows which group a parameter is in, nor which of two logged learning rates is its own.
  'no groups': ['a parameter in a different group', 'every hook fires, but with learning rate 0'],
  optax: [
    'refuted: optimizer-registered-late',
    'a parameter in a different group',
    'every hook fires, but with learning rate 0',
  ],
};

/** The dialects record no counters after each step. */
const COUNTED_TWICE = 'a counter that has one value in a step and another in the state after it';

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
    for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}

/** Every way to spoil a run, with the traces and the verdict in our own dialect. */
const SPOILT = CASES.map((one) => {
  const { all } = spoilt(one);
  // Shared by the dialects, which may not change them.
  return { what: one.what, all: frozen(all), expected: verdictOn(all) };
});

const loses = (dialect: string, what: string): boolean => LOSES[dialect]?.includes(what) ?? false;

describe.each(DIALECTS)('$name', ({ name, translate }) => {
  test.each(Object.keys(FAULTS))('%s', (expected) => {
    const { all, after } = healthyTraces();
    counted(all);
    FAULTS[expected]!(after[0]!);
    expect(verdictOn(all)).toBe(expected);
    const seen = verdictOn(translate(all));
    if (loses(name, expected)) expect(seen).not.toBe('proven: null');
    else expect(seen).toBe(expected);
  });

  test('every way to spoil a run has the verdict that it has in our own dialect', () => {
    const kept = SPOILT.filter(({ what }) => !loses(name, what) && what !== COUNTED_TWICE);
    const verdicts = kept.map(({ what, all, expected }) => ({
      what,
      expected,
      seen: verdictOn(translate(all)),
    }));
    expect(verdicts.filter(({ expected, seen }) => expected !== seen)).toEqual([]);
  });
});

describe.each(GROUPS_UNTOLD)('$name', ({ translate }) => {
  test.each(Object.keys(FAULTS).filter((expected) => expected.startsWith('refuted')))(
    '%s is not mistaken for an exchange of groups',
    (expected) => {
      const { all, after } = healthyTraces();
      counted(all);
      FAULTS[expected]!(after[0]!);
      expect(verdictOn(translate(all))).toBe(expected);
    },
  );
});

test.each([
  ['blocks.0.weight.exp_avg', 'blocks.0.weight', 'exp_avg'],
  ['state.3.exp_avg_sq', 'a', 'exp_avg_sq'],
  ['adam/12/m', undefined, 'm'],
  ['0/mu/blocks/0/weight', 'blocks.0.weight', 'mu'],
])('the kind of slot %s of %s is %s', (name, parameter, kind) => {
  expect(slotKind({ name, ...(parameter === undefined ? {} : { parameter }) })).toBe(kind);
});

test('a slot named by place is said to belong to its parameter', () => {
  const { all, after } = healthyTraces();
  counted(all);
  without(after[0]!, (name) => name.startsWith('a.'));
  later(after[0]!);
  const torch = DIALECTS.find(({ name }) => name === 'torch')!;
  const subject = { scenario: 'tested', about: '', expect: 'proven' as const, replay: '' };
  const { headline } = judge(subject, collectEvidence(PLAN, 'wasm', torch.translate(all)));
  expect(headline).toContain("those of 'a'");
});

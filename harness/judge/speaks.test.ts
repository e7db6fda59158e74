/** Rules report findings as early as they claim, and no earlier: tested with traces that end within a segment. */
import { describe, expect, test } from 'vitest';
import type { Trace } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { findingsOf } from './judge.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules/index.ts';
import { CASES, spoilt } from './testing/cases.ts';
import { healthyTraces, PLAN, type Traces } from './testing/traces.ts';
import type { Finding } from './verdict.ts';

const { steps: TO } = PLAN;
const FROM = PLAN.resumeAt[0]!;

/** The traces up to a step. The plan is unchanged. */
const until = (last: number, { all }: Pick<Traces, 'all'>): Trace[] =>
  all.map((trace) => {
    const inTime = <T extends { readonly step: number }>(records: readonly T[]): T[] =>
      records.filter(({ step }) => step <= last);
    const { failure } = trace;
    return {
      ...trace,
      steps: inTime(trace.steps),
      states: inTime(trace.states),
      samples: inTime(trace.samples),
      failure: failure === undefined || failure.step > last ? undefined : failure,
    };
  });

const findingsAt = (last: number, traces: Pick<Traces, 'all'>): Finding[] =>
  findingsOf(collectEvidence(PLAN, 'wasm', until(last, traces)));

/** Works it out once for each argument. */
function once<Of, Result>(workOut: (of: Of) => Result): (of: Of) => Result {
  const known = new Map<Of, Result>();
  return (of) => {
    if (!known.has(of)) known.set(of, workOut(of));
    return known.get(of)!;
  };
}

/** The findings on healthy traces that end at a step, by the options of the traces as JSON: many cases have the same. */
const usualOf = once((options: string) => {
  const healthy = healthyTraces(JSON.parse(options));
  return once((last: number) => findingsAt(last, healthy));
});

/** The first step at which a rule can report a finding. */
function momentOf(speaks: Rule['speaks'], { control, after }: Traces): number {
  const updates = [...control.steps, ...after[0]!.steps].filter(
    ({ step, changed, updates }) => step > FROM && (changed.some(Boolean) || updates.some((n) => n > 0)),
  );
  return {
    'before the first step': FROM,
    'at the first step': FROM + 1,
    'at the first update': Math.min(...updates.map(({ step }) => step)),
    'at the end of the segment': TO,
  }[speaks];
}

// If every step updates, a rule about updates cannot be distinguished from one about steps.
const TRIED = CASES.flatMap((one) =>
  [1, 2].map((updateEvery) => {
    const { id, speaks } = RULES.find(({ id }) => id === one.rule)!;
    const traces = spoilt(one, { updateEvery });
    const { noisy, deviates, worldSize } = one;
    const usualAt = usualOf(JSON.stringify({ updateEvery, noisy, deviates, worldSize }));
    /** The rule's findings, without those that it also has for healthy traces that end at the same step. */
    const found = once((last: number): Finding[] => {
      const usual = new Set(usualAt(last).map((finding) => JSON.stringify(finding)));
      const own = findingsAt(last, traces).filter(({ rule }) => rule === id);
      return own.filter((finding) => !usual.has(JSON.stringify(finding)));
    });
    return { id, speaks, what: one.what, updateEvery, moment: momentOf(speaks, traces), found };
  }),
);

describe('each rule reports a finding at the step that the finding names, and no earlier than it claims', () => {
  test.each(TRIED)('$id, $speaks: $what, updated every $updateEvery', ({ found, moment }) => {
    for (const { resume, step, refutes } of found(TO)) {
      if (step !== null && resume > 0) {
        expect(step).toBeGreaterThanOrEqual(moment);
        expect(found(step), `found once step ${step} is made`).not.toEqual([]);
      }
      // Findings that leave a proof inconclusive report flawed evidence. A trace that ends early is flawed too.
      if (refutes && moment > FROM) expect(found(moment - 1), `not yet at step ${moment - 1}`).toEqual([]);
    }
  });
});

test.each(RULES)('$id reports $speaks', ({ id }) => {
  for (const every of [1, 2]) {
    const ways = TRIED.filter((tried) => tried.id === id && tried.updateEvery === every);
    const telling = ways.filter(({ found }) => found(TO).length > 0);
    const soonest = telling.filter(({ found, moment }) => found(moment).length > 0);
    expect(soonest, `updated every ${every}`).not.toEqual([]);
  }
});

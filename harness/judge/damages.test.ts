/** Nothing is proven from missing or contradictory traces: one damage in a healthy run, and it is not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Deviation, Plan } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { judge } from './judge.ts';
import { damagesOf, linesOf, type Process, traceOf } from './testing/damages.ts';
import { HARMLESS, HARMLESS_IN_NOISE } from './testing/harmless.ts';
import { healthyTraces, PLAN } from './testing/traces.ts';

const subject = { scenario: 'tested', about: 'a test', expect: 'proven' as const, replay: 'again' };

/** Others in each run of the tests; harness/cli/damages.slow.test.ts tries thousands on traces of real scenarios. */
const RUNS = 300;

describe('no damaged run is proven', () => {
  test.each<[string, Plan, boolean, Deviation[], number, number]>([
    ['resumed once', PLAN, false, [], 1, 1],
    ['resumed three times', { steps: 9, resumeAt: [1, 4, 9] }, false, [], 2, 1],
    ['on a backend that is not deterministic', PLAN, true, [], 1, 1],
    ['that deviates as declared', PLAN, false, ['data-order', 'step-count', 'random', 'slots'], 1, 1],
    ['of two ranks', PLAN, false, [], 1, 2],
    ['of two ranks on a backend that is not deterministic', PLAN, true, [], 1, 2],
    ['of three ranks that is resumed twice', { steps: 9, resumeAt: [3, 6] }, false, [], 2, 3],
  ])('%s', (_, plan, noisy, deviates, updateEvery, worldSize) => {
    const traces = healthyTraces({ plan, noisy, deviates, updateEvery, worldSize });
    const healthy = traces.all.map((trace): Process => ({ file: trace.file, lines: linesOf(trace) }));
    const whole = new Map(healthy.map((process) => [process, traceOf(process)]));
    const outcomeOf = (some: readonly Process[]) =>
      judge(
        subject,
        collectEvidence(
          plan,
          'wasm',
          some.map((process) => whole.get(process) ?? traceOf(process)),
        ),
      ).outcome;
    expect(outcomeOf(healthy)).toBe('proven');
    const harmless = noisy ? [...HARMLESS, ...HARMLESS_IN_NOISE] : HARMLESS;
    fc.assert(
      fc.property(damagesOf(healthy), ({ what, processes }) => {
        const outcome = outcomeOf(processes);
        if (!harmless.some(([damage]) => damage.test(what))) expect(outcome, what).not.toBe('proven');
      }),
      { numRuns: RUNS },
    );
  });
});

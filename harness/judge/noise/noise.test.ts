import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TracedStep } from '../../trace/schema.ts';
import { CURVES, type Curve, stepReadings } from '../quantities.ts';
import { healthyTraces, PLAN } from '../testing/traces.ts';
import { noiseAmong } from './noise.ts';
import { mediansOf } from './prior.ts';

/** Changes to a value: to one that is not a plain number, or by a factor within or beyond the noise. */
const become = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, 0, -0, 1e-300, 1e300)
      .map((value) => () => value),
  },
  {
    weight: 20,
    arbitrary: fc
      .double({ min: -9, max: -1, noNaN: true })
      .map((exponent) => (value: number) => value * (1 + 10 ** exponent)),
  },
);
const spoils = fc.array(
  fc.record({
    run: fc.nat(4),
    step: fc.integer({ min: 5, max: 8 }),
    curve: fc.constantFrom(...CURVES),
    at: fc.nat(3),
    become,
  }),
  { minLength: 1, maxLength: 30 },
);

/** Values of the resumed run just within the noise, or just beyond it. */
const edges = fc.array(
  fc.record({
    step: fc.integer({ min: 5, max: 8 }),
    curve: fc.constantFrom('l2' as const, 'updateL2' as const, 'gradientL2' as const),
    at: fc.nat(2),
    width: fc.constantFrom(-1.1, -0.9, 0.9, 1.1),
  }),
);

test('the departing parameters of a step are those whose value departs', () => {
  let departed = 0;
  fc.assert(
    fc.property(spoils, edges, fc.boolean(), fc.boolean(), (list, near, noisy, reversed) => {
      const { control, twins, after } = healthyTraces({ noisy });
      const runs = [after[0]!, control, ...twins];
      for (const { run, step, curve, at, become } of list) {
        const spoilt = (runs[run] ?? after[0]!).steps.find((each) => each.step === step)!;
        if (curve === 'loss') spoilt.claimed.loss = become(spoilt.claimed.loss) ?? 0;
        else {
          const column: (number | null)[] = [...(spoilt[curve] ?? [0.5, 0.5, 0.5, null])];
          column[at] = become(column[at] ?? 1);
          Object.assign(spoilt, { [curve]: column });
        }
      }
      const noise = noiseAmong([control, ...twins], {
        resumeAt: PLAN.resumeAt,
        ends: [PLAN.steps],
        ranks: 1,
      });
      for (const { step, curve, at, width } of near) {
        const resumed = after[0]!.steps.find((each) => each.step === step)!;
        const { expected, allowed } = noise.compare(curve, step, resumed.names[at]!, { values: [0] });
        resumed[curve][at] = (expected ?? 1) * (1 + width * allowed);
      }
      for (const resumed of after[0]!.steps) {
        const own = control.steps.find(({ step }) => step === resumed.step)!;
        const seen = reversed ? inAnotherOrder(resumed) : resumed;
        for (const curve of CURVES) {
          const mine = stepReadings(seen, curve);
          const wanted = [...stepReadings(own, curve).keys()].filter((name) => {
            const { difference, allowed } = noise.compare(curve, seen.step, name, mine.get(name));
            return difference > allowed;
          });
          departed += wanted.length;
          expect(noise.departing(curve, own, seen), `${curve} at step ${seen.step}`).toEqual(wanted);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(departed).toBeGreaterThan(100);
});

/** The same step, from a program that lists its parameters in reverse order. */
function inAnotherOrder(step: TracedStep): TracedStep {
  const turned = (curve: Exclude<Curve, 'loss'>) => step[curve] && { [curve]: step[curve].toReversed() };
  const curves = (['l2', 'updateL2', 'gradientL2', 'appliedGradientL2'] as const).map(turned);
  return Object.assign({ ...step, names: step.names.toReversed() }, ...curves);
}

test('a group’s median is the middle of its sorted values', () => {
  const entry = fc.tuple(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), fc.nat(3));
  const tied = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(1));
  fc.assert(
    fc.property(fc.oneof(fc.array(entry), fc.array(tied)), (entries) => {
      const medians = mediansOf(
        Float64Array.from(entries, ([number]) => number),
        Uint32Array.from(entries, ([, group]) => group),
        4,
      );
      for (const [group, median] of medians.entries()) {
        const own = entries.flatMap(([number, its]) => (its === group ? [number] : [])).sort((a, b) => a - b);
        const [low, high] = [own[(own.length - 1) >> 1], own[own.length >> 1]];
        expect(median + 0).toBe(own.length === 0 ? Number.NaN : (low! + high!) / 2 + 0);
      }
    }),
  );
});

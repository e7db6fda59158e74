import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleRecord, StateRecord, StepRecord, TensorRecord } from '../trace/schema.ts';
import { createSettling, type Shown } from './settling.ts';

const NAMES = ['a', 'b', 'c'];
const sha256 = (text: string | number): string => String(text).padStart(64, '0');

const step = (at: number, changed: readonly boolean[], learningRate: number | null = null): StepRecord =>
  ({
    step: at,
    changed: [...changed],
    hookCalls: NAMES.map(() => 0),
    updates: NAMES.map(() => 0),
    learningRates: NAMES.map((_, column) => (changed[column] ? learningRate : null)),
  }) as unknown as StepRecord;

/** How often each thing has moved. */
interface Moves {
  readonly slot: number;
  readonly ema: number;
  readonly sample: number;
}
const shown = (at: number, { slot, ema, sample }: Moves): Shown => {
  const tensor = (kind: TensorRecord['kind'], moves: number) =>
    ({ kind, name: 'a', digest: sha256(moves), l2: moves }) as TensorRecord;
  return {
    state: { step: at, tensors: [tensor('slot', slot), tensor('ema', ema)] } as StateRecord,
    samples: [{ name: 'a', digest: sha256(sample) } as SampleRecord],
  };
};

test('a control has settled at the first look that shows everything moved again', () => {
  const moves = fc.array(
    fc.record({
      changed: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      slot: fc.boolean(),
      ema: fc.boolean(),
      sample: fc.boolean(),
    }),
    { minLength: 2, maxLength: 12 },
  );
  fc.assert(
    fc.property(moves, fc.nat(10), fc.boolean(), (steps, point, bare) => {
      const last = 1 + (point % (steps.length - 1));
      const until = (at: number): Moves => {
        const of = (thing: keyof Moves): number => steps.slice(0, at).filter((one) => one[thing]).length;
        return { slot: of('slot'), ema: of('ema'), sample: of('sample') };
      };
      // The reference: what has moved up to a step, and what has moved since the resume point.
      const ripe = (at: number): boolean => {
        const moved = (from: number, to: number, column: number): boolean =>
          steps.slice(from, to).some(({ changed }) => changed[column]);
        const columns = NAMES.map((_, column) => column);
        const ever = columns.filter((column) => moved(0, at, column));
        return ever.length > 0 && ever.every((column) => moved(last, at, column));
      };
      const settled = (at: number): boolean => {
        const [then, now] = [until(last), until(at)];
        return (
          now.sample > then.sample &&
          (then.slot === 0 || now.slot > then.slot) &&
          (then.ema === 0 || now.ema > then.ema)
        );
      };
      let expected: number | undefined;
      for (let at = last + 1, next = at; at <= steps.length && expected === undefined; at++) {
        if (at < next || !ripe(at)) continue;
        if (settled(at)) expected = at;
        next = 2 * at - last;
      }

      const settling = createSettling();
      const { state } = shown(0, until(0));
      // Optimizers create their slots in the first update.
      settling.begins(bare ? { ...state, tensors: [] } : state);
      let seen: number | undefined;
      for (let at = 1; at <= steps.length && seen === undefined; at++) {
        const look = settling.steps(step(at, steps[at - 1]!.changed), NAMES);
        if (at === last) settling.resumes(shown(at, until(at)));
        if (look && settling.looks(shown(at, until(at)))) seen = at;
      }
      expect(seen).toBe(expected);
    }),
  );
});

test('each segment starts over', () => {
  const settling = createSettling();
  settling.begins(shown(0, { slot: 0, ema: 0, sample: 0 }).state);
  const run = (at: number): boolean =>
    settling.steps(step(at, [true, false, false]), NAMES) &&
    settling.looks(shown(at, { slot: at, ema: 0, sample: at }));
  expect(run(1)).toBe(false);
  settling.resumes(shown(1, { slot: 1, ema: 0, sample: 1 }));
  expect([run(2), run(3)]).toEqual([true, false]);
  settling.resumes(shown(3, { slot: 3, ema: 0, sample: 3 }));
  expect(run(4)).toBe(true);
});

test('a learning rate that moves at the resume point moves again first, so that a stale one shows', () => {
  const settling = createSettling();
  settling.begins(shown(0, { slot: 0, ema: 0, sample: 0 }).state);
  const run = (at: number, learningRate: number): boolean =>
    settling.steps(step(at, [true, false, false], learningRate), NAMES) &&
    settling.looks(shown(at, { slot: at, ema: at, sample: at }));
  expect([run(1, 1), run(2, 0.5)]).toEqual([false, false]);
  settling.resumes(shown(2, { slot: 2, ema: 2, sample: 2 }));
  expect([run(3, 0.5), run(4, 0.25)]).toEqual([false, true]);
  // A constant one is not waited for.
  expect(run(5, 0.25)).toBe(false);
  settling.resumes(shown(5, { slot: 5, ema: 5, sample: 5 }));
  expect(run(6, 0.25)).toBe(true);
});

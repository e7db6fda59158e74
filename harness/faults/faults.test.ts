import { expect, test } from 'vitest';
import { CAUSES } from '../judge/causes/index.ts';
import { selectFaults } from '../run/faults.ts';

const faults = (await selectFaults(undefined, [])).map(({ fault }) => fault);

test('there are many faults, all are different, and most are modelled on public reports', () => {
  expect(faults.length).toBeGreaterThanOrEqual(60);
  expect(new Set(faults.map(({ breaks }) => breaks)).size).toBe(faults.length);
  expect(faults.filter(({ reports }) => reports !== undefined).length).toBeGreaterThan(faults.length / 2);
});

/** Shown by spoiled traces in judge/causes/preconditions.test.ts. */
const SHOWN_BY_TRACES = [
  'buffers-copied',
  'schedule-changes-at-other-steps',
  'schedule-counter-lost',
  'scheduled-values-differ',
  'learning-rate-late',
  'data-other',
  'data-drawn-otherwise',
  'counters-of-older-step',
];

test('all causes but these have a fault', () => {
  const named = new Set(faults.flatMap(({ cause }) => cause));
  const others = CAUSES.map(({ id }) => id).filter((id) => !named.has(id));
  expect(others.filter((id) => !SHOWN_BY_TRACES.includes(id))).toEqual([
    'deviation-did-not-happen',
    // Several ranks: fixtures/data-parallel shows these.
    'shard-of-another-rank',
    'data-of-another-rank',
    'update-not-received',
    'optimizer-numbers-changed',
    'counters-changed',
    'not-finite-after-resume',
    'died-after-resume',
  ]);
});

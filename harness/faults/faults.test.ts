import { expect, test } from 'vitest';
import { CAUSES } from '../judge/causes/index.ts';
import { selectFaults } from '../run/faults.ts';

const faults = (await selectFaults(undefined, [])).map(({ fault }) => fault);

test('there is a fault for each known way in which a resume goes wrong', () => {
  expect(faults.length).toBeGreaterThanOrEqual(60);
  expect(new Set(faults.map(({ breaks }) => breaks)).size).toBe(faults.length);
  // Most are modelled on public reports. The others are similar.
  expect(faults.filter(({ reports }) => reports !== undefined).length).toBeGreaterThan(faults.length / 2);
});

test('every cause has a fault, or stands for something that no fault does', () => {
  const named = new Set(faults.flatMap(({ cause }) => cause));
  const others = CAUSES.map(({ id }) => id).filter((id) => !named.has(id));
  expect(others).toEqual([
    'deviation-did-not-happen',
    'optimizer-numbers-changed',
    'counters-changed',
    'not-finite-after-resume',
    'died-after-resume',
  ]);
});

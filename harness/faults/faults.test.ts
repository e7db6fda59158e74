import { expect, test } from 'vitest';
import { CAUSES } from '../judge/causes/index.ts';
import { RULES } from '../judge/rules/index.ts';
import { FAULTS, findFaults, loadFault } from './find.ts';

const found = await findFaults(FAULTS);
const faults = await Promise.all([...found.values()].map(loadFault));

test('there are as many as there are ways that are known in which a resume goes wrong', () => {
  expect(faults.length).toBeGreaterThanOrEqual(60);
  expect(new Set(faults.map(({ breaks }) => breaks)).size).toBe(faults.length);
  // Most are modelled on what was reported; the others are close kin.
  expect(faults.filter(({ reports }) => reports.length > 0).length).toBeGreaterThan(faults.length / 2);
});

test.each(faults)('$id names a rule and a cause that there are', ({ rule, cause }) => {
  expect(RULES.map(({ id }) => id)).toEqual(expect.arrayContaining([rule].flat()));
  expect(CAUSES.map(({ id }) => id)).toEqual(expect.arrayContaining([cause].flat()));
});

test('every cause is one that a fault has, or that stands for what no fault of ours does', () => {
  const named = new Set(faults.flatMap(({ cause }) => cause));
  const others = CAUSES.map(({ id }) => id).filter((id) => !named.has(id));
  expect(others).toEqual([
    'deviation-did-not-happen',
    'counters-changed',
    'not-finite-after-resume',
    'died-after-resume',
  ]);
});

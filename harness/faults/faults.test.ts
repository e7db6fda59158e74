import { expect, test } from 'vitest';
import { CAUSES } from '../judge/causes/index.ts';
import { RULES } from '../judge/rules/index.ts';
import { FAULTS, findFaults, loadFault } from './find.ts';

const found = await findFaults(FAULTS);
const faults = await Promise.all([...found.values()].map(loadFault));

test('there is a fault for each known way in which a resume goes wrong', () => {
  expect(faults.length).toBeGreaterThanOrEqual(60);
  expect(new Set(faults.map(({ breaks }) => breaks)).size).toBe(faults.length);
  // Most are modelled on public reports; the others are similar.
  expect(faults.filter(({ reports }) => reports.length > 0).length).toBeGreaterThan(faults.length / 2);
});

test.each(faults)('$id names an existing rule and cause', ({ rule, cause }) => {
  expect(RULES.map(({ id }) => id)).toEqual(expect.arrayContaining([rule].flat()));
  expect(CAUSES.map(({ id }) => id)).toEqual(expect.arrayContaining([cause].flat()));
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

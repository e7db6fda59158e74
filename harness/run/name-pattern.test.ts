import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namePattern } from './name-pattern.ts';

test('a star matches any characters, and nothing else is special', () => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 6 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 5 });
  let matched = 0;
  fc.assert(
    fc.property(pattern, short, (want, name) => {
      const reference = new RegExp(`^${want.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      matched += Number(reference.test(name));
      expect(namePattern(want).test(name)).toBe(reference.test(name));
    }),
    { numRuns: 3000 },
  );
  expect(matched).toBeGreaterThan(100);
});

test('many stars do not multiply', () => {
  expect(namePattern('*a'.repeat(40)).test(`${'a'.repeat(200)}b`)).toBe(false);
  expect(namePattern(`${'*a'.repeat(40)}*`).test(`${'a'.repeat(200)}b`)).toBe(true);
});

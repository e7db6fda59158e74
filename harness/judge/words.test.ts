import fc from 'fast-check';
import { expect, test } from 'vitest';
import { enumerated, figure, insteadOf, listed, listsApart, type Value, valuesApart } from './words.ts';

/** Numbers, some of them close together. */
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.double({ min: 1, max: 1 + 2 ** -40, noNaN: true }),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 0.02, 0.020000000000000004),
);
const value: fc.Arbitrary<Value> = fc.oneof(
  number,
  fc.boolean(),
  fc.constantFrom(null, undefined, '', '""', 'none', '1', 'true', 'null'),
  fc.string(),
);

const digits = (text: string): number => text.replace(/e.*$/, '').replace(/^-?0*\.?0*|\./g, '').length;

test('a number that is not an integer has at most four significant digits', () => {
  fc.assert(
    fc.property(number, (one) => {
      if (Number.isSafeInteger(one)) expect(Number(figure(one))).toBeCloseTo(one);
      else if (Number.isFinite(one)) expect(digits(figure(one))).toBeLessThanOrEqual(4);
      expect(figure(one)).not.toBe('');
    }),
  );
});

test('two different values never print the same, and numbers have no more digits than necessary', () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      const [first, second] = valuesApart(one, other);
      expect(first === second).toBe(Object.is(one, other));
      expect(first).not.toBe('');
      if (typeof one === 'number' && typeof other === 'number' && figure(one) !== figure(other))
        expect([first, second]).toEqual([figure(one), figure(other)]);
    }),
    { numRuns: 2000 },
  );
  expect(valuesApart(1.345012, 1.345007)).toEqual(['1.345012', '1.345007']);
  expect(valuesApart(0.02, 0.020000000000000004)).toEqual(['0.020000000000000000', '0.020000000000000004']);
});

test('no value is reported instead of itself, and no side is empty', () => {
  fc.assert(
    fc.property(value, value, (seen, expected) => {
      const text = insteadOf(seen, expected);
      const [one, other] = valuesApart(seen, expected);
      expect(text).toBe(one === other ? `${one} in both` : `${one} instead of ${other}`);
      expect(text).not.toMatch(/^ instead of | instead of $/);
    }),
    { numRuns: 2000 },
  );
  expect(insteadOf('', 'x')).toBe('"" instead of x');
  expect(insteadOf(3, 3)).toBe('3 in both');
});

test('a list of more than six is cut and ends with a count', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]+$/), { maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      (texts, most) => {
        const text = enumerated(texts, most);
        const shown = Math.min(most, 6, texts.length);
        expect(text.split(/, | and /).length).toBe(Math.max(1, shown + (texts.length > shown ? 1 : 0)));
        if (texts.length > shown) expect(text).toMatch(new RegExp(` and ${texts.length - shown} more$`));
      },
    ),
  );
  expect(listed(['a', '', 'c', 'd'])).toBe(`'a', "", 'c' and 1 more`);
});

test('two lists that differ only after the cut are distinguished', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b'), { maxLength: 9 }),
      fc.array(fc.constantFrom('a', 'b'), { maxLength: 9 }),
      (one, other) => {
        const [first, second] = listsApart(one, other);
        expect(first === second).toBe(String(one) === String(other));
      },
    ),
    { numRuns: 2000 },
  );
});

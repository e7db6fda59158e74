import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unorderedDigest } from './unordered.ts';

const values = fc.float32Array({ minLength: 1, maxLength: 40 });

test('the digest stays the same in any order of the values', () => {
  fc.assert(
    fc.property(values, fc.infiniteStream(fc.nat()), (own, draws) => {
      const keys = [...draws.take(own.length)];
      const shuffled = [...own.keys()].sort((a, b) => keys[a]! - keys[b]!).map((at) => own[at]!);
      expect(unorderedDigest(Float32Array.from(shuffled))).toBe(unorderedDigest(own));
    }),
  );
});

test('it changes if one bit of a value does, or if a value is repeated in place of another', () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.nat(31), (own, position, bit) => {
      const changed = own.slice();
      new Uint32Array(changed.buffer)[position % own.length]! ^= 1 << bit;
      expect(unorderedDigest(changed)).not.toBe(unorderedDigest(own));
    }),
  );
  expect(unorderedDigest(Int32Array.of(1, 1, 2))).not.toBe(unorderedDigest(Int32Array.of(1, 2, 2)));
  // An exclusive or would not see these.
  expect(unorderedDigest(Uint8Array.of(1, 1))).not.toBe(unorderedDigest(Uint8Array.of(0, 0)));
});

test('it is 16 hexadecimal digits', () => {
  expect(unorderedDigest(new Float32Array())).toBe('0000000000000000');
  expect(unorderedDigest(Float32Array.of(1, 2, 3))).toMatch(/^[0-9a-f]{16}$/);
});

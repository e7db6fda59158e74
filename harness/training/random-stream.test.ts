import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RandomStream } from './random-stream.ts';

const draw = fc.oneof(
  fc.constant({ kind: 'uniform' } as const),
  // Odd counts leave a spare gaussian.
  fc.record({ kind: fc.constant('gaussian' as const), count: fc.nat(5) }),
  fc.record({ kind: fc.constant('integer' as const), below: fc.integer({ min: 1, max: 2 ** 32 }) }),
  fc.record({ kind: fc.constant('shuffle' as const), count: fc.nat(6) }),
);
const draws = fc.array(draw, { maxLength: 12 });

function take(
  stream: RandomStream,
  wanted: readonly (typeof draw extends fc.Arbitrary<infer T> ? T : never)[],
) {
  return wanted.map((one) => {
    if (one.kind === 'uniform') return stream.uniform();
    if (one.kind === 'integer') return stream.integer(one.below);
    return one.kind === 'gaussian' ? stream.gaussian(one.count) : stream.shuffle(one.count);
  });
}

test('a restored stream continues bit for bit, including a spare gaussian', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), draws, draws, (seed, before, after) => {
      const stream = RandomStream.fromSeed(seed);
      take(stream, before);
      const state = stream.state();
      const other = RandomStream.fromSeed(seed ^ 1);
      other.gaussian(1);
      other.restore(state);
      expect(other.state()).toBe(state);
      expect(take(other, after)).toEqual(take(stream, after));
      expect(other.state()).toBe(stream.state());
    }),
  );
});

test('adjacent seeds give independent first numbers', () => {
  const first = Array.from({ length: 1000 }, (_, seed) => RandomStream.fromSeed(seed).gaussian(1)[0]!);
  const moment = (power: number) => first.reduce((sum, value) => sum + value ** power, 0) / first.length;
  expect(Math.abs(moment(1))).toBeLessThan(0.15);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.25);
  const next = first.slice(1).reduce((sum, value, at) => sum + value * first[at]!, 0) / first.length;
  expect(Math.abs(next)).toBeLessThan(0.15);
});

test('reading the state draws nothing', () => {
  const [read, unread] = [RandomStream.fromSeed(3), RandomStream.fromSeed(3)];
  read.gaussian(1);
  unread.gaussian(1);
  read.state();
  expect(read.gaussian(4)).toEqual(unread.gaussian(4));
});

const words = 'xoroshiro128plus:1,2,3,4';
test.each([
  ['nothing', ''],
  ['another generator', 'mersenne:1,2,3,4:-'],
  ['only zeros, from which the generator never recovers', 'xoroshiro128plus:0,0,0,0:-'],
  ['a word of 33 bits', 'xoroshiro128plus:4294967296,2,3,4:-'],
  ['a word short', 'xoroshiro128plus:1,2,3:-'],
  ['a word that is not an integer', 'xoroshiro128plus:1.5,2,3,4:-'],
  ['no spare field', words],
  ['a truncated spare', `${words}:3ff00000`],
  ['an infinite spare', `${words}:7ff0000000000000`],
  ['a spare that is not a number', `${words}:7ff8000000000000`],
  ['an extra line', `${words}:-\n`],
  ['ten thousand characters', `${words}:${'-'.repeat(10_000)}`],
])('refuses a state with %s and is unchanged', (_, state) => {
  const stream = RandomStream.fromSeed(11);
  stream.gaussian(1);
  const before = stream.state();
  // A long state is quoted only in part.
  expect(() => stream.restore(state)).toThrow(
    /^cannot restore a random stream from ".{0,90}": pass a text that state\(\) returned$/,
  );
  expect(stream.state()).toBe(before);
});

test('only the lower 32 bits of a seed are used, and a seed that is not an integer is refused', () => {
  const stateOf = (seed: number) => RandomStream.fromSeed(seed).state();
  expect(stateOf(5 + 2 ** 32)).toBe(stateOf(5));
  expect(new Set([0, 1, -1, 5, 6].map(stateOf)).size).toBe(5);
  for (const seed of [0.5, Number.NaN, 2 ** 53]) expect(() => stateOf(seed)).toThrow(RangeError);
});

test('drawn numbers have the expected distribution', () => {
  const stream = RandomStream.fromSeed(1);
  const normal = [...stream.gaussian(20_000)];
  const moment = (power: number) => normal.reduce((sum, value) => sum + value ** power, 0) / normal.length;
  // Five standard errors of each moment.
  const within = (value: number, wanted: number, variance: number) =>
    expect(Math.abs(value - wanted)).toBeLessThan(5 * Math.sqrt(variance / normal.length));
  within(moment(1), 0, 1);
  within(moment(2), 1, 2);
  within(moment(3), 0, 15);
  within(moment(4), 3, 96);
  const neighbours = normal.slice(1).reduce((sum, value, at) => sum + value * normal[at]!, 0) / normal.length;
  within(neighbours, 0, 1);

  const orders = new Map<string, number>();
  for (let n = 0; n < 6000; n++) {
    const order = String(stream.shuffle(3));
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect(orders.size).toBe(6);
  for (const [order, count] of orders) expect(Math.abs(count - 1000), order).toBeLessThan(150);
  expect(() => stream.integer(0)).toThrow(RangeError);
});

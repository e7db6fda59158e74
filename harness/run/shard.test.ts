import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseShard, shardOf } from './shard.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-zé][\w.-]{0,12}$/), { maxLength: 60 });

test('every case is in exactly one shard, in the order of the run, whatever that order; no shard has two cases more than another', () => {
  fc.assert(
    fc.property(names, names, fc.integer({ min: 1, max: 80 }), (cases, order, count) => {
      const shards = Array.from({ length: count }, (_, at) => shardOf(cases, { index: at + 1, count }));
      expect(shards.flat().sort()).toEqual(cases.toSorted());
      for (const own of shards) expect(cases.filter((name) => own.includes(name))).toEqual(own);
      const sizes = shards.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const rank = (name: string): number => order.indexOf(name);
      const shuffled = cases.toSorted((a, b) => rank(a) - rank(b));
      for (const [at, own] of shards.entries())
        expect(shardOf(shuffled, { index: at + 1, count }).toSorted()).toEqual(own.toSorted());
    }),
  );
});

test('a part is read as it is written, and nothing else is one', () => {
  expect(parseShard('3/8')).toEqual({ index: 3, count: 8 });
  expect(parseShard('1/1')).toEqual({ index: 1, count: 1 });
  for (const text of ['0/4', '5/4', '1/0', '1', '1/2/3', '-1/2', '1.5/2', ' 1/2', '01/2', '1/10001', ''])
    expect(parseShard(text), text).toBeUndefined();
});

/** Pairs of a parameter's values, now and before. They have their own file because two processes use them. */
import { RandomStream } from '../../training/random-stream.ts';

const random = RandomStream.fromSeed(3);
const still = random.gaussian(1000);
const before = random.gaussian(100_000);
const now = before.slice();
now[99_999]! += 0.5;

export const CHANGES: [what: string, now: Float32Array, before: Float32Array][] = [
  ['nothing changed', still, still],
  ['one value of a hundred thousand changed', now, before],
  ['everything changed', random.gaussian(5000), random.gaussian(5000)],
  ['a single value', Float32Array.of(-2), Float32Array.of(1)],
  ['not a number', Float32Array.of(1, Number.NaN, 2), Float32Array.of(1, 1, 2)],
];

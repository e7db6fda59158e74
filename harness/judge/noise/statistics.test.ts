import { expect, test } from 'vitest';
import { digamma, inverseTrigamma, logGamma, studentQuantile, studentTail, trigamma } from './statistics.ts';

const EULER = 0.577_215_664_901_532_9;
const close = (seen: number, expected: number): void =>
  expect(Math.abs(seen / expected - 1), `${seen} for ${expected}`).toBeLessThan(1e-11);

test('digamma, trigamma and ln Γ have their known values (DLMF 5.4)', () => {
  close(digamma(1), -EULER);
  close(digamma(0.5), -EULER - 2 * Math.LN2);
  close(digamma(20), -EULER + Array.from({ length: 19 }, (_, n) => 1 / (n + 1)).reduce((a, b) => a + b));
  close(trigamma(1), Math.PI ** 2 / 6);
  close(trigamma(0.5), Math.PI ** 2 / 2);
  close(trigamma(3), Math.PI ** 2 / 6 - 1.25);
  close(logGamma(0.5), Math.log(Math.PI) / 2);
  close(logGamma(11), Math.log(3_628_800));
});

test.each([1e-3, 0.1, 0.5, 1, 2.7, 40, 5e3])('inverseTrigamma inverts trigamma at %d', (x) =>
  close(inverseTrigamma(trigamma(x)), x),
);

test('Student’s t has its closed forms for 1, 2 and 4 degrees of freedom, far into the tail', () => {
  for (const p of [0.25, 1e-2, 1e-4, 1e-7, 1e-9]) {
    close(studentQuantile(p, 1), 1 / Math.tan(Math.PI * p));
    close(studentQuantile(p, 2), (1 - 2 * p) / Math.sqrt(2 * p * (1 - p)));
    close(studentTail(studentQuantile(p, 4), 4), p);
  }
  // P(T > t) with 4 degrees of freedom: 1/2 − (3/4)·u + u³/4 … with u = t / √(4 + t²).
  const u = 3 / Math.sqrt(13);
  close(studentTail(3, 4), 0.5 - (3 * u) / 4 + u ** 3 / 4);
});

test.each([
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, three decimals.
  [0.001, 3, 10.215],
  [0.001, 5, 5.894],
  [0.005, 10, 3.169],
  [0.025, 30, 2.042],
  [0.001, 100, 3.174],
])('P(T > t) = %d with %d degrees of freedom at the tabulated t', (tail, degrees, t) =>
  expect(Math.abs(studentQuantile(tail, degrees) - t)).toBeLessThan(6e-4),
);

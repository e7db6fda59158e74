import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { type AdafactorOptions, adafactor } from './adafactor.ts';
import { expectClose, learningRateAt, noise, train } from './testing/steps.ts';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => value * value)));

/** Algorithms 4 and 5 of the paper (matrix and vector) with transformers' options, in double precision. */
function reference(shape: readonly number[], weightDecay: number, options: AdafactorOptions) {
  const { clipThreshold = 1, decayRate = -0.8, beta1, scaleParameter = true, relativeStep = true } = options;
  const [epsilon1, epsilon2] = options.epsilon ?? [1e-30, 1e-3];
  const { initial, gradients } = noise(shape);
  const factored = shape.length >= 2;
  const columns = shape.at(-1)!;
  const rows = factored ? shape.at(-2)! : 1;
  const row = Array<number>(initial.length / columns).fill(0);
  const column = Array<number>(initial.length / rows).fill(0);
  const second = Array<number>(initial.length).fill(0);
  const first = Array<number>(initial.length).fill(0);
  let parameter = [...initial];
  const learningRates = gradients.map((gradient, index) => {
    const step = index + 1;
    const relative = Math.min(options.warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step));
    const learningRate = relativeStep ? relative : learningRateAt(step);
    const alpha = learningRate * (scaleParameter ? Math.max(epsilon2, rootMeanSquare(parameter)) : 1);
    const beta2 = 1 - step ** decayRate;
    const squared = [...gradient].map((value) => value ** 2 + epsilon1);
    /** Element (r, c) of matrix m lies at (m · rows + r) · columns + c. */
    const at = (m: number, r: number, c: number) => (m * rows + r) * columns + c;
    const matrices = initial.length / (rows * columns);
    for (let m = 0; m < matrices; m++) {
      for (let r = 0; r < rows; r++) {
        const own = mean(Array.from({ length: columns }, (_, c) => squared[at(m, r, c)]!));
        row[m * rows + r] = beta2 * row[m * rows + r]! + (1 - beta2) * own;
      }
      for (let c = 0; c < columns; c++) {
        const own = mean(Array.from({ length: rows }, (_, r) => squared[at(m, r, c)]!));
        column[m * columns + c] = beta2 * column[m * columns + c]! + (1 - beta2) * own;
      }
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const own = row.slice(m * rows, (m + 1) * rows);
          const i = at(m, r, c);
          second[i] = factored
            ? (own[r]! * column[m * columns + c]!) / mean(own)
            : beta2 * second[i]! + (1 - beta2) * squared[i]!;
        }
      }
    }
    let update = [...gradient].map((value, i) => value / Math.sqrt(second[i]!));
    const size = rootMeanSquare(update);
    update = update.map((value) => (alpha * value) / Math.max(1, size / clipThreshold));
    if (beta1 !== undefined) {
      update.forEach((value, i) => {
        first[i] = beta1 * first[i]! + (1 - beta1) * value;
      });
      update = [...first];
    }
    parameter = parameter.map((value, i) => value - weightDecay * alpha * value - update[i]!);
    return learningRate;
  });
  const slots = {
    ...(factored ? { exp_avg_sq_row: row, exp_avg_sq_col: column } : { exp_avg_sq: second }),
    ...(beta1 === undefined ? {} : { exp_avg: first }),
  };
  return { parameter, slots, learningRates };
}

const OPTIONS: [what: string, weightDecay: number, options: AdafactorOptions][] = [
  ['its defaults', 0, {}],
  ['weight decay', 0.5, {}],
  ['warm-up', 0, { warmupInit: true }],
  ['the group’s learning rate', 0, { relativeStep: false }],
  [
    'the group’s learning rate, not scaled, and weight decay',
    0.5,
    { relativeStep: false, scaleParameter: false },
  ],
  ['a first moment', 0.5, { relativeStep: false, beta1: 0.9 }],
  ['a lower clip threshold', 0, { relativeStep: false, clipThreshold: 0.2 }],
  ['other decay and large epsilons', 0, { decayRate: -0.5, epsilon: [0.1, 3] }],
];

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  describe.each([
    ['a matrix', [3, 4]],
    ['a vector', [5]],
    ['a stack of matrices', [2, 3, 2]],
  ])('%s', (_, shape) => {
    test.each(OPTIONS)('with %s matches the paper', (_what, weightDecay, options) => {
      const { parameter, slots, learningRates } = train(adafactor(options), shape, weightDecay);
      const wanted = reference(shape, weightDecay, options);
      expectClose(parameter, wanted.parameter, 'parameter');
      expect(Object.keys(slots).sort()).toEqual(Object.keys(wanted.slots).sort());
      for (const [name, values] of Object.entries(wanted.slots)) expectClose(slots[name]!, values, name);
      expect(learningRates).toEqual(wanted.learningRates);
    });
  });
});

test('refuses warmupInit without relativeStep', () => {
  expect(() => adafactor({ warmupInit: true, relativeStep: false })).toThrow(/warmupInit needs relativeStep/);
});

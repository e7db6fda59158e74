import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../training/random-stream.ts';
import { CASES, drawn, titleOf } from './cases.ts';
import { openFloat64, tensor64 } from './testing/float64.ts';

beforeAll(openFloat64);

/** Central differences with Richardson extrapolation; the error is O(h⁴). */
function slope(of: (at: number) => number): number {
  const difference = (h: number): number => (of(h) - of(-h)) / (2 * h);
  const h = 2 ** -13;
  return (4 * difference(h) - difference(2 * h)) / 3;
}

describe('the references’ gradients match finite differences of their forward functions', () => {
  test.each(
    CASES.filter(({ gradient }) => gradient).map((each, seed) => [titleOf(each), each, seed] as const),
  )('%s', (_, each, seed) => {
    const random = RandomStream.fromSeed(seed);
    const inputs = each.inputs.map(({ shape, draw }) => ({
      shape,
      draw,
      values: Float64Array.from(drawn(shape, draw, random)),
    }));
    const isFloat = ({ draw }: { draw: unknown }): boolean => typeof draw !== 'number';
    const directions = inputs.map((input) =>
      isFloat(input)
        ? Float64Array.from(random.gaussian(input.values.length))
        : new Float64Array(input.values.length),
    );
    const at = (distance: number): tf.Tensor[] =>
      inputs.map(({ shape, values, draw }, k) =>
        tensor64(
          values.map((value, index) => value + distance * directions[k]![index]!),
          shape,
          typeof draw === 'number' ? 'int32' : 'float32',
        ),
      );
    const { shape } = each.run(...at(0));
    const weights = Float64Array.from(random.gaussian(tf.util.sizeFromShape(shape)));
    const loss = (distance: number): number => dot(each.run(...at(distance)).dataSync(), weights);

    const tensors = at(0);
    const differentiable = tensors.filter(({ dtype }) => dtype === 'float32');
    const { grads } = tf
      .engine()
      .gradients(() => each.run(...tensors), differentiable, tensor64(weights, shape, 'float32'));
    const along = directions.filter((_, k) => isFloat(inputs[k]!));
    const terms = grads.map((gradient, k) => dot(gradient.dataSync(), along[k]!));
    const sizes = grads.map((gradient, k) => dot(gradient.dataSync().map(Math.abs), along[k]!.map(Math.abs)));
    expect(grads.map((gradient) => gradient.shape)).toEqual(differentiable.map((tensor) => tensor.shape));
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect(Math.abs(slope(loss) - sum(terms))).toBeLessThan(1e-8 * (1 + sum(sizes)));
  });
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k]! * b[k]!;
  return sum;
};

/** Float64 tensors, and results of reference kernels: values and how far float32 may be off. */
import type * as tf from '@tensorflow/tfjs-core';

export interface Tensor64 {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Row-major. Booleans are 0 and 1. */
  readonly values: Float64Array;
}

export interface Result extends Tensor64 {
  /** Each value's error bound in float32 from rounding alone; undefined if the result must be exact. */
  readonly bound?: Float64Array;
  /** For sums of products: the sum of the products' absolute values. */
  readonly magnitude?: Float64Array;
}

export type Inputs = Readonly<Record<string, Tensor64 | undefined>>;
export type Attributes = Readonly<Record<string, unknown>>;
export type Reference = (inputs: Inputs, attributes: Attributes) => Result | Result[];

/** The reference does not cover a call, such as an unknown activation. The call is reported as unverified. */
export class NoReference extends Error {}

/** The unit roundoff of float32: half the distance from 1 to the next number. */
const ROUNDOFF = 2 ** -24;

/**
 * γₙ = n·u / (1 − n·u) bounds the relative error of n successive roundings (Higham, 'Accuracy and Stability of
 * Numerical Algorithms', 2nd ed., lemma 3.1). For a sum of n products in any order, it bounds the error relative to the
 * sum of the products' absolute values (ibid. (3.5)).
 */
export const gamma = (roundings: number): number => (roundings * ROUNDOFF) / (1 - roundings * ROUNDOFF);

export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

/** Distance in elements between neighbors along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1)
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** The index along each axis of a flat index. */
export function placeOf(index: number, shape: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => Math.floor(index / strides[axis]!) % length);
}

export function indexOf(place: readonly number[], shape: readonly number[]): number {
  return place.reduce((index, at, axis) => index * shape[axis]! + at, 0);
}

export function need(inputs: Inputs, name: string): Tensor64 {
  const tensor = inputs[name];
  if (tensor === undefined) throw new NoReference(`the call lacks the input '${name}'`);
  return tensor;
}

/** Creates a tensor by calling `value` with the place of each element. */
export function build(
  shape: readonly number[],
  dtype: tf.DataType,
  value: (place: number[], index: number) => number,
): Tensor64 {
  const values = new Float64Array(sizeOf(shape));
  const place = shape.map(() => 0);
  for (let index = 0; index < values.length; index += 1) {
    values[index] = value(place, index);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      place[axis]! += 1;
      if (place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
  return { shape: [...shape], dtype, values };
}

/** Resolves axes to ascending order. Negative axes count from the end; null or undefined means all. */
export function axesOf(axis: unknown, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, k) => k);
  if (axis === null || axis === undefined) return all;
  const given = (Array.isArray(axis) ? axis : [axis]) as number[];
  return given.map((each) => (each < 0 ? each + rank : each)).sort((a, b) => a - b);
}

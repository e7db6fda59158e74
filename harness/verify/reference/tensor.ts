/** Tensors in float64, and results of reference kernels: a value and how far float32 may lie from it. */
import type * as tf from '@tensorflow/tfjs-core';

export interface Tensor64 {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Row by row. Booleans are 0 and 1. */
  readonly values: Float64Array;
}

export interface Result extends Tensor64 {
  /** How far each value may be off in float32 through rounding alone; undefined where it must be exact. */
  readonly bound?: Float64Array;
  /** Of a sum of products: the sum of their absolute values. */
  readonly magnitude?: Float64Array;
}

export type Inputs = Readonly<Record<string, Tensor64 | undefined>>;
export type Attributes = Readonly<Record<string, unknown>>;
export type Reference = (inputs: Inputs, attributes: Attributes) => Result | Result[];

/** A call that the reference does not cover, such as an activation it does not know: not verified, and said so. */
export class NoReference extends Error {}

/** float32's unit roundoff: half the distance from 1 to the next number. */
const ROUNDOFF = 2 ** -24;

/**
 * γₙ = n·u / (1 − n·u): n roundings, one after the other, change a value by no more than this factor
 * (Higham, 'Accuracy and Stability of Numerical Algorithms', 2nd ed., lemma 3.1). Of a sum of n products, added in
 * whatever order, it bounds the error relative to the sum of the products' absolute values (ibid. (3.5)).
 */
export const gamma = (roundings: number): number => (roundings * ROUNDOFF) / (1 - roundings * ROUNDOFF);

export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

/** How many elements apart neighbours of each axis lie. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1)
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Index along each axis. */
export function placeOf(index: number, shape: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => Math.floor(index / strides[axis]!) % length);
}

export function indexOf(place: readonly number[], shape: readonly number[]): number {
  return place.reduce((index, at, axis) => index * shape[axis]! + at, 0);
}

export function need(inputs: Inputs, name: string): Tensor64 {
  const tensor = inputs[name];
  if (tensor === undefined) throw new NoReference(`a call without the input '${name}'`);
  return tensor;
}

/** Fills a tensor by the place of each element. */
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

/** Negative axes count from the end; none means all. In ascending order. */
export function axesOf(axis: unknown, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, k) => k);
  if (axis === null || axis === undefined) return all;
  const given = (Array.isArray(axis) ? axis : [axis]) as number[];
  return given.map((each) => (each < 0 ? each + rank : each)).sort((a, b) => a - b);
}

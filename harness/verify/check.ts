/** Compares a kernel call with its reference: exact, within rounding, within the specification, or wrong. */

import { REFERENCES } from './reference/index.ts';
import {
  type Attributes,
  type Inputs,
  NoReference,
  placeOf,
  type Result,
  type Tensor64,
} from './reference/tensor.ts';
import { allowanceOf } from './specification.ts';

export interface Call64 {
  readonly kernel: string;
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor64[];
}

/** From best to worst. */
export const AGREEMENTS = ['exact', 'rounding', 'specification', 'wrong'] as const;
export type Agreement = (typeof AGREEMENTS)[number];

/** The element with the largest error relative to its limit. */
export interface Difference {
  /** Index along each axis. */
  readonly place: readonly number[];
  /** Null if not finite, since JSON has no such numbers. */
  readonly expected: number | null;
  readonly got: number | null;
  /** The error divided by the rounding bound; null if the result must be exact or the error is infinite. */
  readonly timesRounding: number | null;
}

export interface CallCheck {
  readonly agreement: Agreement;
  /** Undefined if the result is exact. */
  readonly worst: Difference | undefined;
  /** A problem other than the values, if any. */
  readonly problem: string | undefined;
}

/** @throws {NoReference} if this call has no reference */
export function checkCall(backend: string, { kernel, inputs, attributes, outputs }: Call64): CallCheck {
  const reference = REFERENCES.get(kernel);
  if (reference === undefined) throw new NoReference('it has no reference');
  const result = reference(inputs, attributes);
  const expected = Array.isArray(result) ? result : [result];
  if (expected.length !== outputs.length) {
    return wrong(`expected ${expected.length} outputs, received ${outputs.length}`);
  }
  const allowance = allowanceOf(backend, kernel);
  return expected
    .map((each, index) => compare(each, outputs[index]!, (element) => allowance(inputs, each, element)))
    .reduce((a, b) => (AGREEMENTS.indexOf(b.agreement) > AGREEMENTS.indexOf(a.agreement) ? b : a));
}

const wrong = (problem: string): CallCheck => ({ agreement: 'wrong', worst: undefined, problem });

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function compare(expected: Result, got: Tensor64, allowed: (index: number) => number): CallCheck {
  if (String(expected.shape) !== String(got.shape)) {
    return wrong(`expected the shape [${expected.shape}], received [${got.shape}]`);
  }
  if (expected.dtype !== got.dtype) return wrong(`expected ${expected.dtype}, received ${got.dtype}`);
  let agreement: Agreement = 'exact';
  let worst: Difference | undefined;
  let worstExcess = 0;
  for (let index = 0; index < expected.values.length; index += 1) {
    const value = expected.values[index]!;
    const seen = got.values[index]!;
    const difference = Math.abs(seen - value);
    const error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    // Equal infinities and two NaNs are exact, although their difference is NaN.
    if (error === 0 || Object.is(seen, value)) continue;
    const bound = expected.bound?.[index] ?? 0;
    const limit = error <= bound ? bound : bound + allowed(index);
    const at: Agreement = error <= bound ? 'rounding' : error <= limit ? 'specification' : 'wrong';
    const excess = limit === 0 ? Number.POSITIVE_INFINITY : error / limit;
    const worse = AGREEMENTS.indexOf(at) - AGREEMENTS.indexOf(agreement);
    if (worse < 0 || (worse === 0 && excess <= worstExcess)) continue;
    agreement = at;
    worstExcess = excess;
    worst = {
      place: placeOf(index, expected.shape),
      expected: finite(value),
      got: finite(seen),
      timesRounding: bound === 0 || error === Number.POSITIVE_INFINITY ? null : error / bound,
    };
  }
  return { agreement, worst, problem: undefined };
}

/**
 * How much less precise than correct rounding a backend's language may be, according to its specification. Such errors
 * are not a backend's fault, but exceed rounding, so they are reported separately.
 *
 * - webgpu: WGSL, section 'Floating Point Accuracy' (https://www.w3.org/TR/WGSL/#floating-point-accuracy).
 * - node-gpu: CUDA C++ Programming Guide, 'Mathematical Functions', for functions; on Ampere and later GPUs, TensorFlow
 *   multiplies matrices in TF32, which keeps 10 bits of each factor's mantissa (TensorFlow's
 *   `enable_tensor_float_32_execution`, on by default; NVIDIA_TF32_OVERRIDE=0 in the environment turns it off).
 * - wasm and cpu compute by IEEE 754 and C's library: nothing beyond rounding.
 */
import type { Inputs, Result, Tensor64 } from './reference/tensor.ts';

/** The absolute error allowed beyond rounding at one element of a result. */
export type Allowance = (inputs: Inputs, result: Result, index: number) => number;

/** A unit in the last place of y is at most 2⁻²³|y|. */
const ULP = 2 ** -23;
const ulps =
  (count: number): Allowance =>
  (_, { values }, index) =>
    count * ULP * Math.abs(values[index]!);
const absolute =
  (error: number): Allowance =>
  () =>
    error;
/** The input element of an elementwise kernel. */
const at = ({ x }: Inputs, index: number): number => x?.values[index] ?? 0;

/** Relative error of exp(x): 3 + 2|x| units in the last place. */
const exponential = (x: number): number => (3 + 2 * Math.abs(x)) * ULP;
const QUOTIENT = 2.5;

const WGSL: Readonly<Record<string, Allowance>> = {
  RealDiv: ulps(QUOTIENT),
  Reciprocal: ulps(QUOTIENT),
  Mean: ulps(QUOTIENT),
  AvgPool: ulps(QUOTIENT),
  Rsqrt: ulps(2),
  // Computed as 1/inverseSqrt(x).
  Sqrt: ulps(2 + QUOTIENT),
  Exp: (inputs, { values }, index) => exponential(at(inputs, index)) * values[index]!,
  // An absolute error of 2⁻²¹ inside [0.5, 2], 3 units outside.
  Log: (inputs, { values }, index) =>
    at(inputs, index) >= 0.5 && at(inputs, index) <= 2 ? 2 ** -21 : 3 * ULP * Math.abs(values[index]!),
  // Specified for [−π, π] only. The same limit is applied outside.
  Sin: absolute(2 ** -11),
  Cos: absolute(2 ** -11),
  Tanh: absolute(1e-5),
  // 1/(1 + exp(−x)): the exponential's error, weighted by its share of the denominator, plus the quotient's.
  Sigmoid: (inputs, { values }, index) => {
    const y = values[index]!;
    return y * ((1 - y) * exponential(at(inputs, index)) + QUOTIENT * ULP);
  },
  Elu: (inputs, _, index) => {
    const x = at(inputs, index);
    return x < 0 ? exponential(x) * Math.exp(x) : 0;
  },
  // log(1 + exp(x)): the logarithm's error plus the exponential's, weighted by its share of the sum.
  Softplus: (inputs, { values }, index) => {
    const x = at(inputs, index);
    return 2 ** -21 + 3 * ULP * values[index]! + exponential(x) / (1 + Math.exp(-x));
  },
  Softmax: (inputs, { values, shape }, index) => {
    const { logits } = inputs;
    const length = shape.at(-1)!;
    const row = logits!.values.subarray(index - (index % length), index - (index % length) + length);
    const largest = Math.max(...row);
    const spread = largest - Math.min(...row);
    return (
      values[index]! * (exponential(largest - logits!.values[index]!) + exponential(spread) + QUOTIENT * ULP)
    );
  },
  // exp2(b · log2(a)): the exponential turns the exponent's error into a relative one and adds its own.
  Pow: ({ a, b }, { values }, index) => {
    // In the cases, each input has the result's shape or is a single number.
    const of = (tensor: Tensor64 | undefined): number =>
      tensor?.values[tensor.values.length === 1 ? 0 : index] ?? 0;
    const power = of(b);
    const logarithm = Math.log2(of(a));
    const exponent = power * logarithm;
    const error =
      Math.abs(power) * Math.max(2 ** -21, 3 * ULP * Math.abs(logarithm)) + ULP * Math.abs(exponent);
    return Math.abs(values[index]!) * (error * Math.LN2 + exponential(exponent));
  },
};

/** Two factors, each truncated to 10 mantissa bits. */
const tf32: Allowance = (_, { magnitude }, index) => 2 * 2 ** -10 * (magnitude?.[index] ?? 0);

const CUDA: Readonly<Record<string, Allowance>> = {
  Rsqrt: ulps(2),
  Exp: ulps(2),
  Log: ulps(1),
  Sin: ulps(2),
  Cos: ulps(2),
  Tanh: ulps(2),
  Pow: ulps(4),
  Sigmoid: ulps(2),
  Softplus: ulps(3),
  Softmax: ulps(4),
  ...Object.fromEntries(
    [
      'BatchMatMul',
      '_FusedMatMul',
      'Conv2D',
      'FusedConv2D',
      'Conv2DBackpropInput',
      'Conv2DBackpropFilter',
    ].map((kernel) => [kernel, tf32]),
  ),
};

const BY_BACKEND: Readonly<Record<string, Readonly<Record<string, Allowance>>>> = {
  webgpu: WGSL,
  'node-gpu': CUDA,
};

/** The error beyond rounding that the backend's specification allows for a kernel; 0 by default. */
export const allowanceOf = (backend: string, kernel: string): Allowance =>
  BY_BACKEND[backend]?.[kernel] ?? absolute(0);

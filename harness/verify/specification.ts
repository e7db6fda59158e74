/**
 * How much less precise than correct rounding a backend's language may be, by its specification. What lies within it
 * is no fault of a backend, and it is told apart, since it is larger than rounding explains.
 *
 * - webgpu: WGSL, section 'Floating Point Accuracy' (https://www.w3.org/TR/WGSL/#floating-point-accuracy).
 * - node-gpu: CUDA C++ Programming Guide, 'Mathematical Functions', for functions; on an Ampere GPU and later, TensorFlow
 *   multiplies matrices in TF32, which keeps 10 bits of each factor's mantissa (TensorFlow's
 *   `enable_tensor_float_32_execution`, on by default; NVIDIA_TF32_OVERRIDE=0 in the environment turns it off).
 * - wasm and cpu compute by IEEE 754 and C's library: nothing beyond rounding.
 */
import type { Inputs, Result, Tensor64 } from './reference/tensor.ts';

/** Absolute error that is allowed, beyond rounding, at each element of a result. */
export type Allowance = (inputs: Inputs, result: Result, index: number) => number;

/** A unit in the last place of y is 2⁻²³|y| at most. */
const ULP = 2 ** -23;
const ulps =
  (count: number): Allowance =>
  (_, { values }, index) =>
    count * ULP * Math.abs(values[index]!);
const absolute =
  (error: number): Allowance =>
  () =>
    error;
/** The element of a one-element kernel's input. */
const at = ({ x }: Inputs, index: number): number => x?.values[index] ?? 0;

/** exp(x): 3 + 2|x| units; by this much relative to it. */
const exponential = (x: number): number => (3 + 2 * Math.abs(x)) * ULP;
const QUOTIENT = 2.5;

const WGSL: Readonly<Record<string, Allowance>> = {
  RealDiv: ulps(QUOTIENT),
  Reciprocal: ulps(QUOTIENT),
  Mean: ulps(QUOTIENT),
  AvgPool: ulps(QUOTIENT),
  Rsqrt: ulps(2),
  // As 1/inverseSqrt(x).
  Sqrt: ulps(2 + QUOTIENT),
  Exp: (inputs, { values }, index) => exponential(at(inputs, index)) * values[index]!,
  // Inside [0.5, 2] by an absolute 2⁻²¹, else 3 units.
  Log: (inputs, { values }, index) =>
    at(inputs, index) >= 0.5 && at(inputs, index) <= 2 ? 2 ** -21 : 3 * ULP * Math.abs(values[index]!),
  // Within [−π, π]. It promises nothing outside; there the same is asked for.
  Sin: absolute(2 ** -11),
  Cos: absolute(2 ** -11),
  Tanh: absolute(1e-5),
  // 1/(1 + exp(−x)): the exponential's error in the share that it has in the denominator, and the quotient's.
  Sigmoid: (inputs, { values }, index) => {
    const y = values[index]!;
    return y * ((1 - y) * exponential(at(inputs, index)) + QUOTIENT * ULP);
  },
  Elu: (inputs, _, index) => {
    const x = at(inputs, index);
    return x < 0 ? exponential(x) * Math.exp(x) : 0;
  },
  // log(1 + exp(x)): the logarithm's error, and the exponential's in the share that it has.
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
  // exp2(b · log2(a)): the exponent's error, which the exponential turns into a relative one, and its own.
  Pow: ({ a, b }, { values }, index) => {
    // The cases have both of the result's shape, or one number for all.
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

/** Two factors, each cut to 10 bits after the leading one. */
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

/** What the specification of the backend allows a kernel beyond rounding; nothing by default. */
export const allowanceOf = (backend: string, kernel: string): Allowance =>
  BY_BACKEND[backend]?.[kernel] ?? absolute(0);

/**
 * Norms on webgpu with one dispatch a tensor. TensorFlow.js would take a dozen, half of them writing a tensor
 * of the parameter's size, and would reduce each with a single workgroup.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Change, Measurements } from './measure.ts';

/** Small, since SwiftShader pays for every thread at a barrier: 256 threads took four times as long there. */
const WORKGROUP = 64;
/** Values that one thread takes before a further workgroup pays. */
const PER_THREAD = 64;
const MAX_WORKGROUPS = 1024;

/** What a kernel of TensorFlow.js' webgpu backend is made of; the backend fills in `dispatch` and the like. */
interface Program {
  readonly variableNames: readonly string[];
  readonly uniforms: string;
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  dispatch: readonly [number, number, number];
  shaderKey: string;
  getUserCode(): string;
}

interface Backend {
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: 'float32',
    uniforms: readonly { type: 'int32'; data: number[] }[],
  ): tf.TensorInfo;
}

/** Four sums for each workgroup: of squares, the largest magnitude, of squared differences, any change. */
function sumsProgram(workgroups: number, compares: boolean): Program {
  const difference = compares ? 'value - f32(before[i])' : '0.0';
  // Drivers may take for granted that nothing is NaN; isnan of the backend looks at the bits.
  const changed = compares
    ? 'select(0.0, 1.0, value != f32(before[i]) || isnan(value) || isnan(f32(before[i])))'
    : '0.0';
  return {
    variableNames: compares ? ['now', 'before'] : ['now'],
    uniforms: 'count : i32, threads : i32,',
    outputShape: [4 * workgroups],
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [workgroups, 1, 1],
    shaderKey: `resumeproof-sums-${compares}`,
    getUserCode: () => `
      var<workgroup> threadSums : array<vec4<f32>, ${WORKGROUP}>;

      fn merged(a : vec4<f32>, b : vec4<f32>) -> vec4<f32> {
        return vec4<f32>(a.x + b.x, max(a.y, b.y), a.z + b.z, max(a.w, b.w));
      }

      fn main(index : i32) {
        var sums = vec4<f32>(0.0);
        for (var i = index; i < uniforms.count; i = i + uniforms.threads) {
          let value = f32(now[i]);
          let difference = ${difference};
          sums = merged(sums, vec4<f32>(value * value, abs(value), difference * difference, ${changed}));
        }
        threadSums[localIndex] = sums;
        for (var stride = ${WORKGROUP / 2}u; stride > 0u; stride = stride / 2u) {
          workgroupBarrier();
          if (localIndex < stride) {
            threadSums[localIndex] = merged(threadSums[localIndex], threadSums[localIndex + stride]);
          }
        }
        if (localIndex == 0u) {
          for (var k = 0u; k < 4u; k = k + 1u) {
            result[4u * workgroupId.x + k] = threadSums[0][k];
          }
        }
      }`,
  };
}

export function measureOnWebgpu(): Measurements {
  let pending: tf.Tensor[] = [];
  let length = 0;
  let values: Float32Array = new Float32Array();

  const start = (now: tf.Tensor, before?: tf.Tensor): (() => Change) => {
    if (now.size === 0) return () => ({ l2: 0, linf: 0, updateL2: 0, changed: false });
    const flat = ({ dataId, dtype, size }: tf.Tensor): tf.TensorInfo => ({ dataId, dtype, shape: [size] });
    const workgroups = Math.min(Math.ceil(now.size / (WORKGROUP * PER_THREAD)), MAX_WORKGROUPS);
    const sums = (tf.backend() as unknown as Backend).runWebGPUProgram(
      sumsProgram(workgroups, before !== undefined),
      before === undefined ? [flat(now)] : [flat(now), flat(before)],
      'float32',
      [
        { type: 'int32', data: [now.size] },
        { type: 'int32', data: [workgroups * WORKGROUP] },
      ],
    );
    pending.push(tf.keep(tf.engine().makeTensorFromTensorInfo(sums)));
    const at = length;
    length += 4 * workgroups;
    return () => total(values.subarray(at, at + 4 * workgroups));
  };

  return {
    change: start,
    l2(tensor) {
      const sums = start(tensor);
      return () => sums().l2;
    },
    async collect() {
      const parts = pending;
      pending = [];
      length = 0;
      if (parts.length === 0) return;
      const all = tf.concat(parts as tf.Tensor1D[]);
      tf.dispose(parts);
      values = (await all.data()) as Float32Array;
      all.dispose();
    },
  };
}

function total(sums: Float32Array): Change {
  let [squares, largest, differences, changed] = [0, 0, 0, 0];
  for (let at = 0; at < sums.length; at += 4) {
    squares += sums[at]!;
    largest = Math.max(largest, sums[at + 1]!);
    differences += sums[at + 2]!;
    changed = Math.max(changed, sums[at + 3]!);
  }
  return {
    l2: Math.sqrt(squares),
    // A shader's max may pass over NaN: the sum tells of it.
    linf: Number.isNaN(squares) ? Number.NaN : largest,
    updateL2: Math.sqrt(differences),
    changed: changed > 0,
  };
}

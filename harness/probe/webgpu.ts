/**
 * Norms on webgpu with one dispatch per tensor. With TensorFlow.js' operations, it would take a dozen dispatches. Half of
 * them would write a tensor of the parameter's size, and each reduction would use a single workgroup.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Change, Measurements } from './measurements.ts';

/** Small, because each thread at a barrier costs time on SwiftShader: 256 threads took four times as long there. */
const WORKGROUP = 64;
/** With fewer values per thread, another workgroup does not save time. */
const PER_THREAD = 64;
const MAX_WORKGROUPS = 1024;

/** A kernel of TensorFlow.js' webgpu backend. */
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

/** Computes three numbers per workgroup: the sum of squares, the sum of squared differences, and 1 for any change. */
function sumsProgram(workgroups: number, compares: boolean): Program {
  const difference = compares ? 'value - f32(before[i])' : '0.0';
  // Drivers may assume that no value is NaN. The backend's isnan checks the bits.
  const changed = compares
    ? 'select(0.0, 1.0, value != f32(before[i]) || isnan(value) || isnan(f32(before[i])))'
    : '0.0';
  return {
    variableNames: compares ? ['now', 'before'] : ['now'],
    uniforms: 'count : i32, threads : i32,',
    outputShape: [3 * workgroups],
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [workgroups, 1, 1],
    shaderKey: `resumeproof-sums-${compares}`,
    getUserCode: () => `
      var<workgroup> threadSums : array<vec3<f32>, ${WORKGROUP}>;

      fn merged(a : vec3<f32>, b : vec3<f32>) -> vec3<f32> {
        return vec3<f32>(a.x + b.x, a.y + b.y, max(a.z, b.z));
      }

      fn main(index : i32) {
        var sums = vec3<f32>(0.0);
        for (var i = index; i < uniforms.count; i = i + uniforms.threads) {
          let value = f32(now[i]);
          let difference = ${difference};
          sums = merged(sums, vec3<f32>(value * value, difference * difference, ${changed}));
        }
        threadSums[localIndex] = sums;
        for (var stride = ${WORKGROUP / 2}u; stride > 0u; stride = stride / 2u) {
          workgroupBarrier();
          if (localIndex < stride) {
            threadSums[localIndex] = merged(threadSums[localIndex], threadSums[localIndex + stride]);
          }
        }
        if (localIndex == 0u) {
          for (var k = 0u; k < 3u; k = k + 1u) {
            result[3u * workgroupId.x + k] = threadSums[0][k];
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
    if (now.size === 0) return () => ({ l2: 0, updateL2: 0, changed: false });
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
    length += 3 * workgroups;
    return () => total(values.subarray(at, at + 3 * workgroups));
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
  let [squares, differences, changed] = [0, 0, 0];
  for (let at = 0; at < sums.length; at += 3) {
    squares += sums[at]!;
    differences += sums[at + 1]!;
    changed = Math.max(changed, sums[at + 2]!);
  }
  return { l2: Math.sqrt(squares), updateL2: Math.sqrt(differences), changed: changed > 0 };
}

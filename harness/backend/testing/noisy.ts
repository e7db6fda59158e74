/** Makes the cpu backend as noisy as a GPU that adds sums in any order, to test the effect of noise. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../../trace/schema.ts';
import { RandomStream } from '../../training/random-stream.ts';
import { openBackend } from '../backend.ts';
import { replaceKernel } from '../observe-kernels.ts';

/** Kernels that add up many numbers. Only these differ from run to run. */
const SUMS = ['BatchMatMul', '_FusedMatMul', 'Sum', 'Mean'];

export interface Noise {
  /** Standard deviation of each sum's relative error, in units of 2⁻²³. */
  readonly ulps: number;
  /** 'independent': one error per number. 'common': one error for the whole run, the strongest correlation. */
  readonly kind: 'independent' | 'common';
}

let draw: ((count: number) => ArrayLike<number>) | undefined;

/** Starts a new noisy run: from now on, the cpu backend's sums have errors as `noise` describes. */
export function beginNoisyRun({ ulps, kind }: Noise, seed: number): void {
  const stream = RandomStream.fromSeed(seed);
  const scale = ulps * 2 ** -23;
  if (kind === 'independent') {
    draw = (count) => stream.gaussian(count).map((value) => value * scale);
  } else {
    const [error] = stream.gaussian(1);
    draw = (count) => new Array<number>(count).fill(error! * scale);
  }
}

/** Opens the cpu backend and wraps its kernels. Call it once per process. Returns the record for a trace. */
export async function openNoisy(): Promise<BackendRecord> {
  const { record } = await openBackend('cpu');
  const backend = () => tf.backend() as unknown as { data: tf.DataStorage<{ values: Float32Array }> };
  for (const kernelName of SUMS) {
    const kernel = tf.getKernel(kernelName, 'cpu');
    replaceKernel({
      ...kernel,
      kernelFunc(call) {
        const result = kernel.kernelFunc(call) as tf.TensorInfo;
        const inputs = Object.values(call.inputs) as tf.TensorInfo[];
        if (draw === undefined || inputs.some(({ dataId }) => dataId === result.dataId)) return result;
        const { values } = backend().data.get(result.dataId);
        const errors = draw(values.length);
        for (let i = 0; i < values.length; i++) values[i] = values[i]! * (1 + errors[i]!);
        return result;
      },
    });
  }
  return { ...record, adapter: `${record.adapter}, with noise`, deterministic: false };
}

/** The cpu backend made as noisy as a GPU whose sums come in any order: for tests of what noise does. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendRecord } from '../../trace/schema.ts';
import { RandomStream } from '../../training/random-stream.ts';
import { openBackend } from '../backend.ts';
import { replaceKernel } from '../observe-kernels.ts';

/** What adds up many numbers, and is therefore what differs from run to run. */
const SUMS = ['BatchMatMul', '_FusedMatMul', 'Sum', 'Mean'];

export interface Noise {
  /** Standard deviation of each sum's relative error, in units of 2⁻²³. */
  readonly ulps: number;
  /** Independent in each number; or one error for all that a run computes, the worst that can hang together. */
  readonly kind: 'independent' | 'common';
}

let draw: ((count: number) => ArrayLike<number>) | undefined;

/** From now on the cpu backend's sums err as `noise` says, as in a run of their own. */
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

/** Opens the cpu backend and wraps its kernels: once in a process. What it is then, as a trace tells it. */
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

/** Runs something on the open backend and keeps what went into each of its kernels and what came out. */
import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, observeKernels } from '../backend/observe-kernels.ts';
import type { Call64 } from './check.ts';
import type { Tensor64 } from './reference/tensor.ts';

export interface Captured {
  readonly calls: readonly Call64[];
  /** What it threw, if it did; calls before that are there. */
  readonly error: Error | undefined;
}

/** @param work leaves no tensor behind that it does not want to keep */
export async function capture(work: () => void): Promise<Captured> {
  const calls: KernelCall[] = [];
  const backend = tf.backend() as tf.KernelBackend;
  let error: Error | undefined;
  const stop = observeKernels((call) => {
    calls.push(call);
    // The trainer's side may dispose them at once; the data must stay until they are read.
    for (const { dataId } of tensorsOf(call)) backend.incRef(dataId);
  });
  try {
    work();
  } catch (cause) {
    error = cause as Error;
  } finally {
    stop();
  }
  const read: Call64[] = [];
  for (const call of calls) {
    const values = new Map<tf.TensorInfo, Tensor64>();
    for (const tensor of tensorsOf(call)) {
      values.set(tensor, {
        shape: tensor.shape,
        dtype: tensor.dtype,
        values: Float64Array.from((await backend.read(tensor.dataId)) as ArrayLike<number>),
      });
      backend.disposeData(tensor.dataId);
    }
    read.push({
      kernel: call.kernel,
      inputs: Object.fromEntries(
        Object.entries(call.inputs).map(([name, tensor]) => [name, tensor ? values.get(tensor) : undefined]),
      ),
      attributes: call.attrs,
      outputs: call.outputs.map((tensor) => values.get(tensor)!),
    });
  }
  return { calls: read, error };
}

/** Each once for every time that the call names it. */
const tensorsOf = ({ inputs, outputs }: KernelCall): tf.TensorInfo[] => [
  ...Object.values(inputs).filter((tensor) => tensor != null),
  ...outputs,
];

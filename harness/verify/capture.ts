/** Runs work on the open backend and captures the inputs and outputs of each kernel. */
import * as tf from '@tensorflow/tfjs-core';
import { type KernelCall, observeKernels } from '../backend/observe-kernels.ts';
import type { Call64 } from './check.ts';
import type { Tensor64 } from './reference/tensor.ts';

export interface Captured {
  readonly calls: readonly Call64[];
  /** What `work` threw, if anything. `calls` holds the calls before that. */
  readonly error: Error | undefined;
}

/** @param work must dispose every tensor that it does not keep */
export async function capture(work: () => void): Promise<Captured> {
  const calls: KernelCall[] = [];
  const backend = tf.backend() as tf.KernelBackend;
  let error: Error | undefined;
  const stop = observeKernels((call) => {
    calls.push(call);
    // `work` may dispose the tensors at once, but their data must stay until it is read below.
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
        values: new Float64Array((await backend.read(tensor.dataId)) as ArrayLike<number>),
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

/** The call's tensors. One that occurs several times is listed as often. */
const tensorsOf = ({ inputs, outputs }: KernelCall): tf.TensorInfo[] => [
  ...Object.values(inputs).filter((tensor) => tensor != null),
  ...outputs,
];

/** Watches the kernels that TensorFlow.js runs: the operations of the open backend, forward and backward alike. */
import * as tf from '@tensorflow/tfjs-core';

export interface KernelCall {
  /** TensorFlow.js' name, such as 'Conv2DBackpropFilter'. */
  readonly kernel: string;
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: tf.NamedAttrMap;
  readonly outputs: readonly tf.TensorInfo[];
}

/**
 * Calls `observer` after each kernel that the active backend runs, synchronously, before a tensor of the call can
 * be disposed. It costs a function call a kernel. Kernels that run inside another kernel are not seen.
 * @returns ends it
 */
export function observeKernels(observer: (call: KernelCall) => void): () => void {
  const configs = tf.getKernelsForBackend(tf.getBackend());
  for (const config of configs) {
    replaceKernel({
      ...config,
      kernelFunc: (params) => {
        const result = config.kernelFunc(params);
        observer({
          kernel: config.kernelName,
          inputs: params.inputs,
          attrs: params.attrs ?? {},
          outputs: Array.isArray(result) ? result : [result],
        });
        return result;
      },
    });
  }
  return () => {
    for (const config of configs) replaceKernel(config);
  };
}

/** In place of the one that is registered: a second one over it would print a warning. */
export function replaceKernel(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}

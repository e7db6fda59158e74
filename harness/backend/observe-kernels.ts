/** Watches the kernels that TensorFlow.js runs on the open backend, forward and backward. */
import * as tf from '@tensorflow/tfjs-core';

export interface KernelCall {
  /** TensorFlow.js' name, such as 'Conv2DBackpropFilter'. */
  readonly kernel: string;
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: tf.NamedAttrMap;
  readonly outputs: readonly tf.TensorInfo[];
}

/**
 * Calls `observer` synchronously after each kernel that the active backend runs, before a tensor of the call can be
 * disposed. Costs one function call per kernel. Kernels that run inside another kernel are not observed.
 * @returns a function that stops observing
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

/** Unregisters the old kernel first, because registering over it prints a warning. */
export function replaceKernel(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}

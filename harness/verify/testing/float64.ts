/** The reference kernels as a TensorFlow.js backend, to run TensorFlow.js' gradients in float64. */
import * as tf from '@tensorflow/tfjs-core';
import { REFERENCES } from '../reference/index.ts';
import type { Result, Tensor64 } from '../reference/tensor.ts';

class Float64Backend extends tf.KernelBackend {
  readonly #data = new Map<object, Float64Array>();

  override write(values: tf.BackendValues): object {
    const id = {};
    this.#data.set(id, Float64Array.from(values as ArrayLike<number>));
    return id;
  }
  override move(id: object, values: tf.BackendValues): void {
    this.#data.set(id, Float64Array.from(values as ArrayLike<number>));
  }
  override read(id: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(id));
  }
  override readSync(id: object): tf.BackendValues {
    return this.#data.get(id) as unknown as tf.BackendValues;
  }
  // Tensors are never freed.
  override incRef(): void {}
  override disposeData(): boolean {
    return true;
  }
  override numDataIds(): number {
    return this.#data.size;
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
}

/** Registers the float64 backend and activates it. */
export async function openFloat64(): Promise<void> {
  const backend = new Float64Backend();
  tf.registerBackend('float64', () => backend);
  const of = ({ dataId, shape, dtype }: tf.TensorInfo): Tensor64 => ({
    shape,
    dtype,
    values: backend.readSync(dataId) as unknown as Float64Array,
  });
  const made = ({ shape, dtype, values }: Result): tf.TensorInfo => ({
    dataId: backend.write(values as unknown as tf.BackendValues),
    shape: [...shape],
    dtype,
  });
  for (const [kernelName, reference] of REFERENCES) {
    tf.registerKernel({
      kernelName,
      backendName: 'float64',
      kernelFunc: ({ inputs, attrs }) => {
        const entries = Object.entries(inputs).map(([name, tensor]) => [
          name,
          tensor ? of(tensor) : undefined,
        ]);
        const result = reference(Object.fromEntries(entries), attrs ?? {});
        return Array.isArray(result) ? result.map(made) : made(result);
      },
    });
  }
  await tf.setBackend('float64');
}

/** Creates a tensor that holds float64 values but is declared as `dtype`. */
export function tensor64(values: ArrayLike<number>, shape: readonly number[], dtype: tf.DataType): tf.Tensor {
  const backend = tf.backend() as tf.KernelBackend;
  const dataId = backend.write(values as unknown as tf.BackendValues, [...shape], dtype);
  return tf.engine().makeTensorFromDataId(dataId, [...shape], dtype, backend);
}

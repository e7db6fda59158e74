/**
 * Evaluates the U-Net in its own process: `evaluate.ts BACKEND` prints velocity, loss and gradients as one
 * line of JSON. The inputs are the same on every backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../harness/backend/backend.ts';
import { replaceKernel } from '../../../harness/backend/observe-kernels.ts';
import { RandomStream } from '../../../harness/training/random-stream.ts';
import { type FlowBatch, flowLoss } from '../flow.ts';
import { createVariables, type ImageModel, SIZE } from '../model.ts';
import { BASE_UNET, unet } from '../unet.ts';

/** What an evaluation prints after `MARK`, which separates it from Dawn's own output. */
export interface Evaluation {
  readonly velocity: number[];
  readonly loss: number;
  readonly gradients: Record<string, number[]>;
}

export const MARK = '> ';

/** A batch, and variables that are all far from zero, including the modulation and the last layer. */
export function subject(model: ImageModel, images: number) {
  const random = RandomStream.fromSeed(11);
  const variables = createVariables(model, (_name, shape) => {
    const count = tf.util.sizeFromShape([...shape]);
    return random.gaussian(count).map((value) => value / Math.sqrt(count / shape.at(-1)!));
  });
  const values = images * SIZE * SIZE;
  const shape: [number, number, number] = [images, SIZE, SIZE];
  const batch: FlowBatch = {
    images: tf.tensor3d(random.gaussian(values), shape),
    noise: tf.tensor3d(random.gaussian(values), shape),
    time: tf.tensor1d(Array.from({ length: images }, () => random.uniform())),
    label: tf.tensor1d(
      Array.from({ length: images }, (_, index) => 3 * index + 1),
      'int32',
    ),
  };
  const read = (name: string): tf.Tensor => variables.get(name)!;
  const loss = (): tf.Scalar => tf.tidy(() => flowLoss(model, read, batch));
  return { variables, batch, read, loss };
}

export async function evaluate(model: ImageModel, images: number): Promise<Evaluation> {
  const { variables, batch, read, loss } = subject(model, images);
  const velocity = tf.tidy(() => model.velocity(read, batch.noise, batch.time, batch.label));
  const { value, grads } = tf.variableGrads(loss, [...variables.values()]);
  const names = [...variables.keys()];
  const gradients = await Promise.all(
    names.map(
      async (name): Promise<[string, number[]]> => [
        name,
        [...(await grads[variables.get(name)!.name]!.data())],
      ],
    ),
  );
  return {
    velocity: [...(await velocity.data())],
    loss: (await value.data())[0]!,
    gradients: Object.fromEntries(gradients),
  };
}

/**
 * Replaces sines with fixed random numbers. A GPU's sine may be off by 2⁻¹¹. Where that flips the sign of a
 * feature, gradients differ by percents, which would hide errors of the operations after it.
 */
function replaceSine(backendName: string): void {
  replaceKernel({
    kernelName: 'Sin',
    backendName,
    kernelFunc: ({ inputs }) => {
      const { shape } = inputs.x!;
      return tf.tensor(RandomStream.fromSeed(5).gaussian(tf.util.sizeFromShape(shape)), shape);
    },
  });
}

if (process.argv[1] === import.meta.filename) {
  const backend = await openBackend(process.argv[2]!);
  replaceSine(backend.record.name);
  process.stdout.write(`${MARK}${JSON.stringify(await evaluate(unet(BASE_UNET), 3))}\n`);
  await backend.close();
}

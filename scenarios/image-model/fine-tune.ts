/** Fine-tunes an image model on a folder of images, as sd-scripts does. */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../harness/checkpoint/safetensors.ts';
import type { LoopRecipe } from '../../harness/loop/loop.ts';
import { createLoop, type Loop } from '../../harness/loop/loop.ts';
import type { Model } from '../../harness/loop/recipe.ts';
import type { UpdateRule } from '../../harness/training/optimizer.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import { warmupCosine } from '../../harness/training/schedule.ts';
import type { SampledImage, TrainerContext } from '../../harness/training/trainer.ts';
import { flowLoss, sample } from './flow.ts';
import { type ImageFolder, readImages } from './images.ts';
import { type ImageModel, type Initialise, type Read, SIZE } from './model.ts';

export interface FineTuneOptions
  extends Pick<LoopRecipe, 'fused' | 'accumulate' | 'order' | 'replaceVariables'> {
  readonly model: ImageModel;
  readonly initialise: Initialise;
  readonly update: UpdateRule;
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Images per micro-batch; default 8. */
  readonly batch?: number;
}

const IMAGES = path.join(import.meta.dirname, '..', '..', 'fixtures', 'images');
const BASE = path.join(import.meta.dirname, '..', '..', 'fixtures', 'base-model', 'model.safetensors');
/** Kept low: each step takes half a second on a software GPU. */
const SAMPLING_STEPS = 5;
/** Classes sampled from the live weights, and from their EMA. */
const SAMPLED = { weights: [3, 5, 7, 8], ema: [3, 7] };

/** Weights of the pretrained base model; fixtures/README.md states its origin. */
export async function pretrained(): Promise<Initialise> {
  const { tensors } = await readSafetensors(BASE);
  return (name) => {
    const { bytes } = tensors.get(name) ?? { bytes: new Uint8Array() };
    return new Float32Array(bytes.slice().buffer);
  };
}

export async function createFineTune(context: TrainerContext, options: FineTuneOptions): Promise<Loop> {
  const { model, initialise, update, learningRate, warmupSteps, batch = 8, ...recipe } = options;
  const folder = await readImages(context.images ?? IMAGES);
  const updates = Math.ceil(context.plan.steps / (recipe.accumulate ?? 1));
  const whole = { name: 'all', owns: () => true, learningRate, weightDecay: 0.01 };
  return createLoop(context, {
    ...recipe,
    model: onImages(model, initialise, folder),
    optimizers: [{ name: 'all', groups: [whole], update, schedule: warmupCosine(warmupSteps, updates + 1) }],
    batch,
    maxGradNorm: 1,
    ema: 0.99,
    random: ['noise'],
  });
}

function onImages(model: ImageModel, initialise: Initialise, { order }: ImageFolder): Model {
  return {
    shapes: model.shapes,
    initialise,
    examples: { size: order.length, id: (example) => order[example]!.id },
    loss({ read, examples, random }) {
      const size = examples.length;
      const shape: [number, number, number] = [size, SIZE, SIZE];
      const images = new Float32Array(size * SIZE * SIZE);
      for (const [at, example] of examples.entries()) {
        images.set(order[example]!.image.pixels, at * SIZE * SIZE);
      }
      const noise = random('noise').gaussian(images.length);
      const time = random('noise')
        .gaussian(size)
        .map((value) => 1 / (1 + Math.exp(-value)));
      const label = Int32Array.from(examples, (example) => order[example]!.image.label);
      return flowLoss(model, read, {
        images: tf.tensor3d(images, shape),
        noise: tf.tensor3d(noise, shape),
        time: tf.tensor1d(time),
        label: tf.tensor1d(label, 'int32'),
      });
    },
    sample: (read, _buffer, of) => draw(model, read, SAMPLED[of], of === 'ema' ? ', EMA' : ''),
  };
}

/** Each class starts from the same noise in every run, so equal weights give equal images. */
async function draw(
  model: ImageModel,
  read: Read,
  labels: readonly number[],
  suffix: string,
): Promise<SampledImage[]> {
  const noise = new Float32Array(labels.length * SIZE * SIZE);
  labels.forEach((label, at) => {
    noise.set(RandomStream.fromSeed(label).gaussian(SIZE * SIZE), at * SIZE * SIZE);
  });
  const images = await sample(model, read, labels, noise, SAMPLING_STEPS);
  return images.map((pixels, at) => ({
    name: `digit ${labels[at]}, seed ${labels[at]}${suffix}`,
    width: SIZE,
    height: SIZE,
    channels: 1,
    pixels,
  }));
}

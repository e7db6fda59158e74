/** A classifier, trained by `fit`, and saved by TensorFlow.js together with its optimizer. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { modelFolder } from 'resumeproof';

const FEATURES = 4;
const CLASSES = 3;
const ROWS = 24;
const BATCH = 8;
export const BATCHES_PER_EPOCH = ROWS / BATCH;

export function build(): LayersModel {
  const model = sequential({
    layers: [
      layers.dense({ name: 'hidden', units: 8, activation: 'relu', inputShape: [FEATURES] }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dense({ name: 'classes', units: CLASSES, activation: 'softmax' }),
    ],
  });
  compile(model);
  return model;
}

function compile(model: LayersModel): void {
  model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: 'categoricalCrossentropy' });
}

/** Trains from one epoch up to, but not including, another. */
export async function train(model: LayersModel, from: number, to: number): Promise<void> {
  const { xs, ys } = examples();
  // `fit` shuffles each epoch again and cannot resume that order. So the rows keep their order.
  await model.fit(xs, ys, { batchSize: BATCH, initialEpoch: from, epochs: to, shuffle: false, verbose: 0 });
  tf.dispose([xs, ys]);
}

export async function save(path: string, model: LayersModel, epochs: number): Promise<void> {
  model.setUserDefinedMetadata({ epochs });
  await model.save(modelFolder(path), { includeOptimizer: true });
}

/** Returns the model, compiled, with the state of its optimizer, and the epochs that it was trained for. */
export async function load(path: string): Promise<{ model: LayersModel; epochs: number }> {
  const model = await loadLayersModel(modelFolder(path));
  const { epochs } = model.getUserDefinedMetadata() as { epochs: number };
  return { model, epochs };
}

/** Each class has its own mean. */
function examples(): { xs: tf.Tensor2D; ys: tf.Tensor } {
  const classes = Array.from({ length: ROWS }, (_, row) => row % CLASSES);
  const measures = classes.map((own, row) =>
    Array.from({ length: FEATURES }, (_, at) => own - 1 + Math.sin((row + 1) * (at + 2) * 1.3)),
  );
  return { xs: tf.tensor2d(measures), ys: tf.oneHot(tf.tensor1d(classes, 'int32'), CLASSES) };
}

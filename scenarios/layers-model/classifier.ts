/** A small `tf.LayersModel` with parts that make a resume hard: statistics, a mask, a layer that is used twice. */
import * as tf from '@tensorflow/tfjs-core';
import {
  model as createModel,
  input,
  type LayersModel,
  layers,
  loadLayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { layersTrainer, modelFolder, type Trainer, type TrainerContext } from '../../harness/index.ts';

const FEATURES = 6;
const CLASSES = 3;
const ROWS = 8;

/** Dense, BatchNorm, Dropout, and one Dense layer applied twice. Without a seed, Dropout draws a new mask each batch. */
export function classifier(optimizer: tf.Optimizer, dropoutSeed?: number): LayersModel {
  const features = input({ shape: [FEATURES] });
  const shared = layers.dense({ name: 'shared', units: 8, activation: 'relu' });
  const parts = [
    layers.dense({ name: 'first', units: 8, activation: 'relu' }),
    layers.batchNormalization({ name: 'norm' }),
    layers.dropout({ name: 'dropout', rate: 0.25, ...(dropoutSeed && { seed: dropoutSeed }) }),
    shared,
    shared,
    layers.dense({ name: 'last', units: CLASSES, activation: 'softmax' }),
  ];
  const outputs = parts.reduce((value, part) => part.apply(value) as SymbolicTensor, features);
  const model = createModel({ inputs: features, outputs });
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  return model;
}

/**
 * Examples starting at index `from`: features are sines, and the first two determine the class.
 * @param emptyFeatures how many features are always zero, like the border pixels of MNIST's digits
 */
export function examples(from: number, count: number, emptyFeatures = 0): { xs: tf.Tensor2D; ys: tf.Tensor } {
  const feature = (row: number, at: number): number =>
    at < FEATURES - emptyFeatures ? Math.sin((from + row + 1) * (at + 1) * 1.7) : 0;
  const rows = Array.from({ length: count }, (_, row) =>
    Array.from({ length: FEATURES }, (_, at) => feature(row, at)),
  );
  const classes = rows.map(([first, second]) => (first! > 0.3 ? 0 : second! > 0 ? 1 : 2));
  return { xs: tf.tensor2d(rows), ys: tf.oneHot(tf.tensor1d(classes, 'int32'), CLASSES) };
}

/** Saves and resumes with TensorFlow.js alone. */
export const byTensorFlow = {
  async save(path: string, model: LayersModel, batches: number): Promise<void> {
    model.setUserDefinedMetadata({ batches });
    await model.save(modelFolder(path), { includeOptimizer: true });
  },
  async load(path: string): Promise<{ models: LayersModel; batches: number }> {
    const models = await loadLayersModel(modelFolder(path));
    const { batches } = models.getUserDefinedMetadata() as { batches: number };
    return { models, batches };
  },
};

/** Trains batch by batch; saves and resumes with TensorFlow.js alone. */
export function throughTensorFlow(
  context: TrainerContext,
  optimizer: () => tf.Optimizer,
  { emptyFeatures = 0 } = {},
): Promise<Trainer> {
  return layersTrainer(context, {
    build: () => classifier(optimizer(), 7),
    async loop(model, trained) {
      for (let batch = trained; batch < context.plan.steps; batch += 1) {
        const { xs, ys } = examples(batch * ROWS, ROWS, emptyFeatures);
        await model.trainOnBatch(xs, ys);
        tf.dispose([xs, ys]);
      }
    },
    files: byTensorFlow,
  });
}

export const PLAN = { steps: 10, resumeAt: 5, onSoftwareGpu: { steps: 7, resumeAt: 5 } } as const;

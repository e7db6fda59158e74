/** A small model with many kinds of layers, and loops that train it. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import type { LayersTraining } from '../layers-trainer.ts';

const ROWS = 4;
const BATCHES = 3;

export const OPTIMIZERS = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
  'rmsprop, centered': () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-7, true),
} as const satisfies Record<string, () => tf.Optimizer>;

export function model(optimizer: tf.Optimizer): LayersModel {
  const built = sequential({
    layers: [
      layers.simpleRNN({
        name: 'rnn',
        units: 3,
        stateful: true,
        batchInputShape: [ROWS, 2, 2],
        recurrentInitializer: 'glorotUniform',
      }),
      layers.dense({ name: 'frozen', units: 4, trainable: false }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dropout({ name: 'dropout', rate: 0.3 }),
      layers.dense({ name: 'out', units: 1 }),
    ],
  });
  built.compile({ optimizer, loss: 'meanSquaredError' });
  return built;
}

const data = (from: number, rows: number) => ({
  xs: tf.tensor3d(
    Array.from({ length: rows }, (_, row) =>
      [0, 1].map((step) => [Math.sin(from + row + step), Math.cos(3 * (from + row) + step)]),
    ),
  ),
  ys: tf.tensor2d(Array.from({ length: rows }, (_, row) => [Math.sin(2 * (from + row))])),
});

/** A stateful callback: it lowers the learning rate when the validation loss stops improving. */
const onPlateau = (model: LayersModel) => {
  let best = Number.POSITIVE_INFINITY;
  return {
    async onEpochEnd(_epoch: number, logs?: { val_loss?: number }) {
      const optimizer = model.optimizer as unknown as { learningRate: number };
      if (logs!.val_loss! > best) optimizer.learningRate *= 0.5;
      best = Math.min(best, logs!.val_loss!);
    },
  };
};

/** Each loop trains for more steps than any test runs. */
export const LOOPS: Record<string, (model: LayersModel) => Promise<unknown>> = {
  async fit(model) {
    const { xs, ys } = data(0, ROWS * BATCHES);
    const validation = data(100, ROWS);
    await model.fit(xs, ys, {
      batchSize: ROWS,
      epochs: 100,
      verbose: 0,
      validationData: [validation.xs, validation.ys],
      callbacks: onPlateau(model),
    });
  },
  async fitDataset(model) {
    const iterator = async () => {
      const order = Array.from(tf.util.createShuffledIndices(BATCHES));
      const next = async () => {
        const at = order.shift();
        return { value: at === undefined ? null : data(at * ROWS, ROWS), done: at === undefined };
      };
      return { next };
    };
    const validation = data(100, ROWS);
    await model.fitDataset({ iterator } as never, {
      epochs: 100,
      verbose: 0,
      validationData: [validation.xs, validation.ys],
      validationBatchSize: ROWS,
      callbacks: onPlateau(model),
    });
  },
  async trainOnBatch(model) {
    for (;;) {
      const { xs, ys } = data(Math.floor(Math.random() * 1000), ROWS);
      await model.trainOnBatch(xs, ys);
      tf.dispose([xs, ys]);
    }
  },
};

export const training = (
  loop: (model: LayersModel) => Promise<unknown>,
  optimizer: () => tf.Optimizer,
): LayersTraining<LayersModel> => ({ build: () => model(optimizer()), loop });

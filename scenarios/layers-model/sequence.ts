/** A stateful RNN that reads one long sequence piece by piece. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

const ROWS = 4;
const STEPS = 3;

/** A GRU that keeps its state from batch to batch, and an unseeded Dropout. */
export function reader(): LayersModel {
  const model = sequential({
    layers: [
      layers.gru({
        name: 'gru',
        units: 6,
        stateful: true,
        batchInputShape: [ROWS, STEPS, 1],
        recurrentInitializer: 'glorotUniform',
      }),
      layers.dropout({ name: 'dropout', rate: 0.25 }),
      layers.dense({ name: 'next', units: 1 }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
  return model;
}

/** Trains on the pieces from `from` up to, but not including, `to`. */
export async function read(model: LayersModel, from: number, to: number): Promise<void> {
  for (let piece = from; piece < to; piece += 1) {
    const wave = Array.from({ length: ROWS }, (_, row) =>
      Array.from({ length: STEPS + 1 }, (_, at) => [Math.sin(0.7 * (piece * STEPS + at) + row)]),
    );
    const xs = tf.tensor3d(wave.map((values) => values.slice(0, STEPS)));
    const ys = tf.tensor2d(wave.map((values) => values[STEPS]!));
    await model.trainOnBatch(xs, ys);
    tf.dispose([xs, ys]);
  }
}

export const PLAN = { steps: 10, resumeAt: 5, onSoftwareGpu: { steps: 7, resumeAt: 5 } } as const;

/**
 * Resets the state that a recipe forgets at a resume. The resume and the control, which applies declared deviations, call
 * the same functions.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Deviation } from '../trace/schema.ts';
import type { Parameter } from '../training/optimizer.ts';
import { owners, type Parts } from './parts.ts';
import { toBfloat16 } from './rounding.ts';
import type { Start } from './snapshots.ts';

export const startOf = ({ loader, random, driven, scaler }: Parts): Start => ({
  data: loader.state,
  random: new Map([...random].map(([name, stream]) => [name, stream.state()])),
  schedules: new Map(driven.map(({ name, schedule }) => [name, schedule.state()])),
  scaler: scaler?.state,
});

/** The trainable variables, each once. The EMA follows them. */
export const averaged = (parameters: readonly Parameter[]): Parameter[] =>
  owners(parameters).filter(({ variable }) => variable.trainable);

/** Clones of the weights that the EMA follows, by name. */
export const liveWeights = (parameters: readonly Parameter[]): Map<string, tf.Tensor> =>
  new Map(averaged(parameters).map(({ name, variable }) => [name, variable.clone()]));

export const RESTART: Readonly<Record<Deviation, (parts: Parts) => void | Promise<void>>> = {
  'data-order': ({ loader, start }) => loader.restore(start!.data),
  'step-count': (parts) => {
    Object.assign(parts, { step: 0, updates: 0 });
  },
  random({ random, start }) {
    for (const [name, stream] of random) stream.restore(start!.random.get(name)!);
  },
  schedule({ driven, start }) {
    for (const { name, schedule } of driven) schedule.restore(start!.schedules.get(name)!);
  },
  slots({ driven, parameters }) {
    for (const { optimizer } of driven) {
      optimizer.loadState({ ...optimizer.state(), steps: {} }, new Map(), owners(parameters));
    }
  },
  ema: ({ ema, parameters }) => ema?.restore(liveWeights(parameters), 0),
  buffers({ buffers, recipe }) {
    for (const [name, buffer] of buffers) {
      tf.tidy(() => buffer.assign(tf.tensor1d(recipe.model.buffers!.get(name)!)));
    }
  },
  gradients: ({ gradients }) => gradients.drop(),
  'loss-scale': ({ scaler, start }) => scaler?.restore(start!.scaler!),
  // A checkpoint rounds when it is written. A run that continues must round its live weights.
  async precision({ parameters, recipe }) {
    if (recipe.stores !== 'bfloat16') return;
    for (const { variable } of owners(parameters).filter(({ name }) => recipe.saves?.(name) ?? true)) {
      const rounded = toBfloat16((await variable.data()) as Float32Array);
      tf.tidy(() => variable.assign(tf.tensor(rounded, variable.shape)));
    }
  },
};

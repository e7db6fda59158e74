/** A small classifier and the optimizer AdaBelief. Each weight is updated in a gradient hook of its own. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { Gradients } from 'resumeproof';

const ROWS = 64;
const BATCH = 8;
const FEATURES = 4;

/** A weight with the state that the optimizer keeps of it. */
interface Trained {
  readonly weight: tf.Variable;
  readonly mean: tf.Tensor;
  readonly spread: tf.Tensor;
}

/** Builds the trainer, and resumes it if there is a checkpoint. */
export async function start(checkpoint: string | undefined): Promise<Trainer> {
  const trainer = new Trainer();
  if (checkpoint !== undefined) await trainer.load(checkpoint);
  // A hook belongs to a variable, and loading replaces the variables. So the hooks are registered last.
  trainer.registerHooks();
  return trainer;
}

export class Trainer {
  readonly trained = new Map<string, Trained>();
  readonly #gradients = new Gradients();
  steps = 0;
  /** The state of the random generator that chooses the rows of a batch. */
  random = 1;

  constructor() {
    const fresh = (name: string, shape: [number, number], seed: number) => {
      const weight = tf.variable(tf.randomNormal(shape, 0, 0.5, 'float32', seed));
      this.trained.set(name, { weight, mean: tf.zeros(shape), spread: tf.zeros(shape) });
    };
    fresh('hidden', [FEATURES, 8], 1);
    fresh('output', [8, 1], 2);
  }

  registerHooks(): void {
    for (const [name, { weight }] of this.trained) {
      this.#gradients.onAccumulated(weight, () => this.#update(name, weight));
    }
  }

  async step() {
    const rows = Array.from({ length: BATCH }, () => this.#drawRow());
    const learningRate = this.#learningRate;
    const { features, labels } = examples(rows);
    const loss = this.#gradients.backward((read) => {
      const hidden = tf.tanh(tf.matMul(features, read(this.trained.get('hidden')!.weight)));
      const score = tf.matMul(hidden, read(this.trained.get('output')!.weight));
      return tf.mean(tf.square(tf.sub(tf.tanh(score), labels)));
    });
    this.#gradients.drop();
    this.steps += 1;
    const [value] = await loss.data();
    tf.dispose([features, labels, loss]);
    return { loss: value!, learningRate, batch: rows.map((row) => `row ${row}`), step: this.steps };
  }

  /** Writes everything that the next step depends on. The file appears complete or not at all. */
  async save(path: string): Promise<void> {
    const tensors = [...this.trained].map(([name, { weight, mean, spread }]) => ({
      name,
      weight: weight.arraySync(),
      mean: mean.arraySync(),
      spread: spread.arraySync(),
    }));
    await writeFile(`${path}.part`, JSON.stringify({ steps: this.steps, random: this.random, tensors }));
    await rename(`${path}.part`, path);
  }

  async load(path: string): Promise<void> {
    const saved = JSON.parse(await readFile(path, 'utf8'));
    this.steps = saved.steps;
    this.random = saved.random;
    for (const { name, weight, mean, spread } of saved.tensors) {
      this.trained.set(name, {
        weight: tf.variable(tf.tensor(weight)),
        mean: tf.tensor(mean),
        spread: tf.tensor(spread),
      });
    }
  }

  /** Warms up for four steps. */
  get #learningRate(): number {
    return 0.02 * Math.min(1, (this.steps + 1) / 4);
  }

  /** AdaBelief (Zhuang et al., 2020): steps are large where gradients are close to their running mean. */
  #update(name: string, weight: tf.Variable): void {
    const gradient = this.#gradients.of(weight)!;
    const old = this.trained.get(name)!;
    const mean = tf.add(tf.mul(old.mean, 0.9), tf.mul(gradient, 0.1));
    const surprise = tf.square(tf.sub(gradient, mean));
    const spread = tf.add(tf.mul(old.spread, 0.999), tf.mul(surprise, 0.001));
    // Both start at zero. The divisions correct for that.
    const step = this.steps + 1;
    const deviation = tf.sqrt(tf.div(spread, 1 - 0.999 ** step));
    const direction = tf.div(tf.div(mean, 1 - 0.9 ** step), tf.add(deviation, 1e-8));
    weight.assign(tf.sub(weight, tf.mul(direction, this.#learningRate)));
    this.trained.set(name, { weight, mean: tf.keep(mean), spread: tf.keep(spread) });
    tf.dispose([old.mean, old.spread]);
  }

  /** A linear congruential generator (Numerical Recipes). */
  #drawRow(): number {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.random / 2 ** 32) * ROWS);
  }
}

/** Features are sines, and the label of a row is the sign of their sum. */
function examples(rows: readonly number[]): { features: tf.Tensor2D; labels: tf.Tensor2D } {
  const values = rows.map((row) =>
    Array.from({ length: FEATURES }, (_, at) => Math.sin((row + 1) * (at + 1) * 1.7)),
  );
  const labels = values.map((row) => [Math.sign(row.reduce((sum, value) => sum + value))]);
  return { features: tf.tensor2d(values), labels: tf.tensor2d(labels) };
}

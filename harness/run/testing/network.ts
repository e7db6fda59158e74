/** A small network with any optimizer and resume bug, to test how small a difference is detected. */
import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { Gradients } from '../../training/gradients.ts';
import { Optimizer, type UpdateRule } from '../../training/optimizer.ts';
import { RandomStream } from '../../training/random-stream.ts';
import type { Observed, StepClaim, Trainer, TrainerContext } from '../../training/trainer.ts';

export type Fault =
  | { readonly kind: 'slots lost' }
  | { readonly kind: 'learning rate off' | 'weight off'; readonly by: number }
  | { readonly kind: 'batch replayed' };

export interface NetworkOptions {
  readonly rule: UpdateRule;
  readonly learningRate: number;
  readonly activation: 'tanh' | 'relu';
  /** Inputs, then each layer's outputs. */
  readonly widths: readonly number[];
  /** The fault of the process that resumes. The logs do not show it. */
  readonly fault?: Fault | undefined;
}

const BATCH = 8;

interface Saved {
  readonly step: number;
  readonly weights: Record<string, number[]>;
  readonly slots: Record<string, { readonly shape: number[]; readonly values: number[] }>;
  readonly optimizer: ReturnType<Optimizer['state']>;
}

/** `w ← w − learning rate · v`, `v ← 0.9 · v + gradient`. */
export const momentum: UpdateRule = ({ parameter, gradient, slots, learningRate }) => {
  const velocity =
    slots.velocity === undefined ? gradient.clone() : tf.add(tf.mul(slots.velocity, 0.9), gradient);
  return { parameter: tf.sub(parameter, tf.mul(velocity, learningRate)), slots: { velocity }, learningRate };
};

export async function createNetwork(context: TrainerContext, options: NetworkOptions): Promise<Trainer> {
  const { widths, activation, learningRate, rule, fault } = options;
  const initial = RandomStream.fromSeed(context.seed);
  const layers = widths.slice(1).map((width, index) => {
    const inputs = widths[index]!;
    const values = initial.gaussian(inputs * width).map((value) => value / Math.sqrt(inputs));
    return {
      weight: tf.variable(tf.tensor2d(values, [inputs, width])),
      bias: tf.variable(tf.zeros([width])),
    };
  });
  const parameters = layers.flatMap(({ weight, bias }, index) => [
    { name: `${index}.weight`, variable: weight as tf.Variable },
    { name: `${index}.bias`, variable: bias as tf.Variable },
  ]);
  const hidden = fault?.kind === 'learning rate off' ? hideLearningRate(rule, 1 + fault.by) : rule;
  const optimizer = new Optimizer([{ name: 'all', parameters, learningRate, weightDecay: 0 }], hidden);
  const gradients = new Gradients();
  let step = 0;
  if (context.checkpoint !== undefined) {
    const saved = JSON.parse(await readFile(context.checkpoint, 'utf8')) as Saved;
    step = saved.step;
    for (const { name, variable } of parameters) {
      variable.assign(tf.tensor(Float32Array.from(saved.weights[name]!), variable.shape));
    }
    if (fault?.kind !== 'slots lost') {
      const slots = Object.entries(saved.slots).map(
        ([key, { shape, values }]) => [key, tf.tensor(Float32Array.from(values), shape)] as const,
      );
      optimizer.loadState(saved.optimizer, new Map(slots));
    }
    if (fault?.kind === 'weight off') {
      const values = await layers[0]!.weight.data();
      values[0] = values[0]! * (1 + fault.by);
      layers[0]!.weight.assign(tf.tensor2d(values, layers[0]!.weight.shape));
    }
  }
  const named = (tensor: { parameter: string; slot: string }) => `${tensor.parameter}.${tensor.slot}`;
  return {
    async step(): Promise<StepClaim> {
      const replays = fault?.kind === 'batch replayed' && step === context.plan.resumeAt[0];
      const data = RandomStream.fromSeed(1000 + (replays ? step - 1 : step));
      const loss = tf.tidy(() => {
        const x = tf.tensor2d(data.gaussian(BATCH * widths[0]!), [BATCH, widths[0]!]);
        const target = tf.sin(tf.sum(x, 1, true));
        return gradients.backward((read) => {
          const output = layers.reduce<tf.Tensor2D>((input, { weight, bias }, index) => {
            const sum = tf.add(tf.matMul(input, read(weight) as tf.Tensor2D), read(bias)) as tf.Tensor2D;
            return index === layers.length - 1 ? sum : activation === 'relu' ? tf.relu(sum) : tf.tanh(sum);
          }, x);
          return tf.mean(tf.squaredDifference(output, target)) as tf.Scalar;
        });
      });
      optimizer.step(gradients);
      gradients.drop();
      step += 1;
      const [value] = await loss.data();
      loss.dispose();
      return { loss: value!, learningRate, batch: [`batch ${step}`], step };
    },
    async save(path) {
      const values = async (tensor: tf.Tensor): Promise<number[]> => [...(await tensor.data())];
      const weights = parameters.map(async ({ name, variable }) => [name, await values(variable)]);
      const slots = optimizer
        .slots()
        .map(async (slot) => [named(slot), { shape: slot.tensor.shape, values: await values(slot.tensor) }]);
      const saved: Saved = {
        step,
        weights: Object.fromEntries(await Promise.all(weights)),
        slots: Object.fromEntries(await Promise.all(slots)),
        optimizer: optimizer.state(),
      };
      await writeFile(path, JSON.stringify(saved));
    },
    observe: (): Observed => ({
      parameters: parameters.map((parameter) => ({ ...parameter, group: 'all' })),
      slots: optimizer.slots(),
      counters: { step },
    }),
  };
}

/** Uses another learning rate than it logs. */
const hideLearningRate =
  (rule: UpdateRule, factor: number): UpdateRule =>
  (input) => ({
    ...rule({ ...input, learningRate: input.learningRate * factor }),
    learningRate: input.learningRate,
  });

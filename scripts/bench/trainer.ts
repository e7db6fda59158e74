/** The trainers of the bench: the image models, larger than in any scenario, on fixed noise. */
import * as tf from '@tensorflow/tfjs-core';
import { adafactor } from '../../harness/training/adafactor.ts';
import { adamW } from '../../harness/training/adamw.ts';
import { fuseBackwardPass, fuseOptimizerGroups, splitIntoGroups } from '../../harness/training/fused.ts';
import { clipGradientNorm, Gradients } from '../../harness/training/gradients.ts';
import { Optimizer, type ParameterGroup } from '../../harness/training/optimizer.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import type { Trainer } from '../../harness/training/trainer.ts';
import { type FlowBatch, flowLoss } from '../../scenarios/image-model/flow.ts';
import { CLASSES, createVariables, randomly, SIZE } from '../../scenarios/image-model/model.ts';
import { transformer } from '../../scenarios/image-model/transformer.ts';
import { unet } from '../../scenarios/image-model/unet.ts';

export const BATCH = 8;
/** 11.0 million parameters; 0.16 million for slow backends; and a U-Net of 51 million for a GPU. */
const MODELS = {
  large: () => transformer({ width: 384, blocks: 4, heads: 6, expansion: 4 }),
  small: () => transformer({ width: 64, blocks: 2, heads: 4, expansion: 4 }),
  unet: () => unet({ channels: 736 }),
};
export type Size = keyof typeof MODELS;
const RATE = 1e-4;
const CLIP = { maxGradNorm: 1 };
const GROUPS = 4;

/** sd-scripts allows the fused backward pass with Adafactor only, and fused groups with any optimizer. */
export const MODES = ['fused-backward-pass', 'fused-optimizer-groups'] as const;
export type Mode = (typeof MODES)[number];

export interface BenchTrainer extends Trainer {
  readonly parameters: number;
}

/** @param fused if false, does the same arithmetic after the backward pass, when every gradient is alive */
export function createTrainer(mode: Mode, fused: boolean, size: Size = 'large'): BenchTrainer {
  const random = RandomStream.fromSeed(1);
  const model = MODELS[size]();
  const variables = createVariables(model, randomly(random));
  const parameters = [...variables].map(([name, variable]) => ({ name, variable }));
  const group: ParameterGroup = { name: 'all', parameters, learningRate: RATE, weightDecay: 0.01 };
  const gradients = new Gradients();
  const update = updateOf(mode, fused, gradients, group);
  const batch = makeBatch(random);

  return {
    parameters: parameters.reduce((sum, { variable }) => sum + variable.size, 0),
    async step() {
      const loss = update(() =>
        gradients.backward((read) => flowLoss(model, (name) => read(variables.get(name)!), batch)),
      );
      const [value] = await loss.data();
      loss.dispose();
      return { loss: value!, learningRate: RATE };
    },
    observe: () => ({ parameters }),
    save: () => Promise.reject(new Error('the bench saves nothing')),
  };
}

type Update = (backward: () => tf.Scalar) => tf.Scalar;

function updateOf(mode: Mode, fused: boolean, gradients: Gradients, group: ParameterGroup): Update {
  const rule = mode === 'fused-backward-pass' ? adafactor({ relativeStep: false }) : adamW();
  if (!fused) {
    const optimizer = new Optimizer([group], rule);
    return (backward) => {
      const loss = backward();
      for (const { variable } of group.parameters) clipGradientNorm(gradients, variable, CLIP.maxGradNorm);
      optimizer.step(gradients);
      gradients.drop();
      return loss;
    };
  }
  if (mode === 'fused-backward-pass') {
    fuseBackwardPass(gradients, new Optimizer([group], rule), CLIP);
    return (backward) => backward();
  }
  const optimizers = splitIntoGroups([group], GROUPS).map((part) => new Optimizer([part], rule));
  const { resetCounts } = fuseOptimizerGroups(gradients, optimizers, CLIP);
  return (backward) => {
    resetCounts();
    return backward();
  };
}

function makeBatch(random: RandomStream): FlowBatch {
  const shape: [number, number, number] = [BATCH, SIZE, SIZE];
  const values = BATCH * SIZE * SIZE;
  return {
    images: tf.tensor3d(random.gaussian(values), shape),
    noise: tf.tensor3d(random.gaussian(values), shape),
    time: tf.tensor1d(Array.from({ length: BATCH }, () => random.uniform())),
    label: tf.tensor1d(
      Array.from({ length: BATCH }, () => random.integer(CLASSES)),
      'int32',
    ),
  };
}

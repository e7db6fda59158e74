/** The stages of one step of a training loop: one micro-batch, and an update if one is due. */
import * as tf from '@tensorflow/tfjs-core';
import { clipGradientNorm } from '../training/gradients.ts';
import { byName, owners, type Parts } from './parts.ts';
import type { Recipe } from './recipe.ts';
import type { Stage } from './stages.ts';

/** The values that the stages of one step pass to each other. */
export interface StepState {
  examples: readonly number[];
  learningRate: Record<string, number>;
  losses: tf.Scalar[];
  /** True if this micro-batch completes the accumulation, so an update is due. */
  due: boolean;
  /** True if the gradients overflowed half precision, so the update is skipped. */
  overflowed: boolean;
}

export interface SteppingParts extends Parts {
  now: StepState;
}

const stage = (name: string, run: (parts: SteppingParts) => void | Promise<void>): Stage => ({
  name,
  run: (parts) => run(parts as SteppingParts),
});
const whenDue = (name: string, run: (parts: SteppingParts) => void | Promise<void>): Stage =>
  stage(name, (parts) => (parts.now.due && !parts.now.overflowed ? run(parts) : undefined));

type Phase = NonNullable<Recipe['phases']>[number];
const WHOLE: Phase = { name: 'loss', trains: () => true };

/** The stages of one phase: a loss, and the update of its parameters. */
const phaseStages = (phase: Phase): Stage[] => [
  stage('backward', (parts) => backward(parts, phase)),
  stage('unscale', async ({ scaler, gradients, parameters, now }) => {
    if (scaler === undefined || !now.due) return;
    now.overflowed = await scaler.unscale(gradients, owners(parameters));
    scaler.update(now.overflowed);
  }),
  whenDue('clip', ({ recipe, gradients, parameters }) => {
    const { fused = 'none', maxGradNorm } = recipe;
    if (maxGradNorm === undefined || fused !== 'none') return;
    for (const { variable } of owners(parameters)) clipGradientNorm(gradients, variable, maxGradNorm);
  }),
  whenDue('update', ({ recipe, gradients, driven }) => {
    if ((recipe.fused ?? 'none') !== 'none') return;
    for (const { optimizer } of driven) optimizer.step(gradients);
  }),
  stage('drop gradients', ({ gradients, now }) => {
    if (now.due) gradients.drop();
  }),
];

/** Every stage of a step, in order. */
export const stepStages = ({ phases = [WHOLE] }: Recipe): Stage[] => [
  stage('log', ({ driven, now }) => {
    // Trainers log the learning rates that the schedules set before the step.
    now.learningRate = Object.assign({}, ...driven.map(({ schedule }) => schedule.learningRates()));
  }),
  stage('batch', ({ loader, recipe, now }) => {
    now.examples = loader.next(recipe.batch);
  }),
  stage('count', (parts) => {
    parts.step += 1;
    parts.now.due = parts.step % parts.accumulate === 0;
  }),
  ...phases.flatMap(phaseStages),
  whenDue('schedule', ({ driven }) => {
    for (const { schedule } of driven) schedule.step();
  }),
  whenDue('ema', ({ ema, views }) => {
    ema?.update(owners(views.ema()).filter(({ name }) => ema.tensors.has(name)));
  }),
  whenDue('count updates', (parts) => {
    parts.updates += 1;
  }),
];

function backward(parts: SteppingParts, phase: Phase): void {
  const { recipe, gradients, buffers, views, scaler, training, accumulate, now } = parts;
  parts.fusedGroups?.resetCounts();
  const variable = byName(views.loss());
  const scale = scaler?.state.scale ?? 1;
  const scaled = tf.tidy(() =>
    gradients.backward((read) => {
      const loss = recipe.model.loss({
        read: (name) => (phase.trains(name) ? read(variable(name)) : variable(name)),
        buffer: (name) => buffers.get(name)!,
        examples: now.examples,
        random: (name) => parts.random.get(name)!,
        training,
        phase: phase.name,
      });
      return tf.mul(loss, scale / accumulate) as tf.Scalar;
    }),
  );
  now.losses.push(tf.tidy(() => tf.mul(scaled, accumulate / scale) as tf.Scalar));
  scaled.dispose();
}

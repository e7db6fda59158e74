/** Changes that several faults make to a loop's live parts and checkpoints. */
import * as tf from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import type { LoopStages } from '../loop/loop.ts';
import { owners } from '../loop/parts.ts';
import { RESTART } from '../loop/restart.ts';
import { capture } from '../loop/saved.ts';
import { insertedBefore } from '../loop/stages.ts';
import type { Parameter } from '../training/optimizer.ts';
import { inResume, onSave } from './loop-fault.ts';

/** New variables with the values of these parameters. Tied parameters are no longer tied. */
export const copiesOf = (
  parameters: readonly Parameter[],
  values: (variable: tf.Variable) => tf.Tensor = (variable) => variable.clone(),
): Parameter[] =>
  parameters.map(({ name, variable }) => ({
    name,
    variable: tf.tidy(() => tf.variable(values(variable), variable.trainable)),
  }));

/** The first name whose value has changed. */
export async function firstChanged(
  before: Iterable<readonly [string, tf.Tensor]>,
  now: (name: string) => tf.Tensor,
): Promise<string | undefined> {
  for (const [name, tensor] of before) {
    const [old, own] = await Promise.all([tensor.data(), now(name).data()]);
    if (old.some((value, at) => value !== own[at])) return name;
  }
  return undefined;
}

/** Replaces what a resumed run saves by a mix of it and the checkpoint that the run resumed from. */
export function keepOlder(
  stages: LoopStages,
  mix: (checkpoint: Checkpoint, older: Checkpoint) => Checkpoint,
): void {
  onSave(stages, async (checkpoint, { context }) =>
    context.checkpoint === undefined ? checkpoint : mix(checkpoint, await loadCheckpoint(context.checkpoint)),
  );
}

/** Restores into the existing variables, even if a resume would replace them. */
export function restoreInPlace(stages: LoopStages): void {
  inResume(stages, 'restore weights', (parts, original) => {
    parts.recipe = { ...parts.recipe, replaceVariables: false };
    return original(parts);
  });
}

/** Skips all stages of the restore except these, like a cold start from the checkpoint's weights. */
export function restoreNothingBut(stages: LoopStages, names: readonly string[]): void {
  restoreInPlace(stages);
  const kept = new Set(names.map((name) => `restore ${name}`));
  const restores = stages.assembly.map(({ name }) => name).filter((name) => name.startsWith('restore '));
  for (const name of restores.filter((each) => !kept.has(each))) {
    inResume(stages, name, (parts) => (name === 'restore EMA' ? RESTART.ema(parts) : undefined));
  }
}

/** Replaces each checkpoint by a mix of it and the state right before the last step. */
export function savingWithBefore(
  stages: LoopStages,
  mix: (checkpoint: Checkpoint, before: Checkpoint) => Checkpoint,
): void {
  let before: Checkpoint | undefined;
  stages.step = insertedBefore(stages.step, 'log', {
    name: 'keep the current state',
    async run(parts) {
      before = await capture(parts);
    },
  });
  onSave(stages, (checkpoint) => (before === undefined ? checkpoint : mix(checkpoint, before)));
}

/** Registers each hook of a resume `times(variable)` times. */
export function registerHooks(
  stages: LoopStages,
  times: (parameters: readonly Parameter[]) => (variable: tf.Variable) => number,
): void {
  inResume(stages, 'hooks', (parts, original) => {
    const { gradients, parameters } = parts;
    const register = gradients.onAccumulated.bind(gradients);
    const timesOf = times(owners(parameters));
    gradients.onAccumulated = (variable, hook) => {
      const handles = Array.from({ length: timesOf(variable) }, () => register(variable, hook));
      return () => {
        for (const remove of handles) remove();
      };
    };
    original(parts);
    gradients.onAccumulated = register;
  });
}

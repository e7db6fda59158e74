/** What faults do to a loop's live parts and to its checkpoints, beyond one stage. */
import * as tf from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { ANEW } from '../loop/anew.ts';
import type { LoopStages } from '../loop/loop.ts';
import { owners } from '../loop/parts.ts';
import { capture } from '../loop/saved.ts';
import { insertedBefore } from '../loop/stages.ts';
import type { Parameter } from '../training/optimizer.ts';
import { inResume, onSave } from './loop-fault.ts';

/** New variables with these parameters' values; names that were tied are not any more. */
export const copiesOf = (
  parameters: readonly Parameter[],
  values: (variable: tf.Variable) => tf.Tensor = (variable) => variable.clone(),
): Parameter[] =>
  parameters.map(({ name, variable }) => ({
    name,
    variable: tf.tidy(() => tf.variable(values(variable), variable.trainable)),
  }));

/** The first name of which another value is now there than before. */
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

/** Keeps in a run's next checkpoint what `mix` takes from the one that it resumed from. */
export function keepOlder(
  stages: LoopStages,
  mix: (checkpoint: Checkpoint, older: Checkpoint) => Checkpoint,
): void {
  onSave(stages, async (checkpoint, { context }) =>
    context.checkpoint === undefined ? checkpoint : mix(checkpoint, await loadCheckpoint(context.checkpoint)),
  );
}

/** Restores into the variables that are there, also where a resume puts new ones in their place. */
export function restoreInPlace(stages: LoopStages): void {
  inResume(stages, 'restore weights', (parts, original) => {
    parts.recipe = { ...parts.recipe, replaceVariables: false };
    return original(parts);
  });
}

/** Leaves every stage of the restore out but these, as a cold start from the checkpoint's weights does. */
export function restoreNothingBut(stages: LoopStages, names: readonly string[]): void {
  restoreInPlace(stages);
  const kept = new Set(names.map((name) => `restore ${name}`));
  const restores = stages.assembly.map(({ name }) => name).filter((name) => name.startsWith('restore '));
  for (const name of restores.filter((each) => !kept.has(each))) {
    inResume(stages, name, (parts) => (name === 'restore EMA' ? ANEW.ema(parts) : undefined));
  }
}

/** Keeps in each checkpoint what `mix` takes from the state right before the last step. */
export function savingWithBefore(
  stages: LoopStages,
  mix: (checkpoint: Checkpoint, before: Checkpoint) => Checkpoint,
): void {
  let before: Checkpoint | undefined;
  stages.step = insertedBefore(stages.step, 'log', {
    name: 'keep what is now',
    async run(parts) {
      before = await capture(parts);
    },
  });
  onSave(stages, (checkpoint) => (before === undefined ? checkpoint : mix(checkpoint, before)));
}

/** Registers each hook of a resume as often as `times` says of its variable. */
export function hookingOtherwise(
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

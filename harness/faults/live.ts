/** What faults do to a loop's live parts and to its checkpoints, beyond one stage. */
import * as tf from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { ANEW } from '../loop/anew.ts';
import type { Program } from '../loop/loop.ts';
import { owners, type Parts } from '../loop/parts.ts';
import { capture, type Saved } from '../loop/saved.ts';
import { insertedBefore } from '../loop/stages.ts';
import type { Parameter } from '../training/optimizer.ts';
import { inResume, onSave } from './program.ts';

/** New variables with these parameters' values; names that were tied are not any more. */
export const copiesOf = (
  parameters: readonly Parameter[],
  values: (variable: tf.Variable) => tf.Tensor = (variable) => variable.clone(),
): Parameter[] =>
  parameters.map(({ name, variable }) => ({
    name,
    variable: tf.tidy(() => tf.variable(values(variable), variable.trainable)),
  }));

/** From the second resume on. */
export const atSecondResume = ({ context }: Parts, { step }: Saved): boolean =>
  step >= (context.plan.resumeAt[1] ?? Number.POSITIVE_INFINITY);

/** Keeps in a run's next checkpoint what `mix` takes from the one that it resumed from. */
export function keepOlder(
  program: Program,
  mix: (checkpoint: Checkpoint, older: Checkpoint) => Checkpoint,
): void {
  onSave(program, async (checkpoint, { context }) =>
    context.checkpoint === undefined ? checkpoint : mix(checkpoint, await loadCheckpoint(context.checkpoint)),
  );
}

/** Leaves every stage of the restore out but these, as a cold start from the checkpoint's weights does. */
export function restoreNothingBut(program: Program, names: readonly string[]): void {
  const kept = new Set(names.map((name) => `restore ${name}`));
  const restores = program.assembly.map(({ name }) => name).filter((name) => name.startsWith('restore '));
  for (const name of restores.filter((each) => !kept.has(each))) {
    inResume(program, name, (parts) => (name === 'restore average' ? ANEW.averages(parts) : undefined));
  }
}

/** Keeps in each checkpoint what `mix` takes from the state right before the last step. */
export function savingWithBefore(
  program: Program,
  mix: (checkpoint: Checkpoint, before: Checkpoint) => Checkpoint,
): void {
  let before: Checkpoint | undefined;
  program.step = insertedBefore(program.step, 'log', {
    name: 'keep what is now',
    async run(parts) {
      const last = parts.context.plan.resumeAt.includes(parts.step + 1);
      if (last) before = await capture(parts);
    },
  });
  onSave(program, (checkpoint) => (before === undefined ? checkpoint : mix(checkpoint, before)));
}

/** Registers each hook of a resume as often as `times` says of its variable. */
export function hookingOtherwise(
  program: Program,
  times: (parameters: readonly Parameter[]) => (variable: tf.Variable) => number,
): void {
  inResume(program, 'hooks', (parts, original) => {
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

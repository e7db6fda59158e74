/** What faults do to a loop's live parts and to its checkpoints, beyond one stage. */
import * as tf from '@tensorflow/tfjs-core';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Program } from '../loop/loop.ts';
import type { Parts } from '../loop/parts.ts';
import type { Saved } from '../loop/saved.ts';
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
    inResume(program, name, ({ average, parameters }) => {
      if (name !== 'restore average' || average === undefined) return;
      const live = new Map(copiesOf(parameters).map(({ name, variable }) => [name, variable]));
      average.restore(new Map([...average.tensors.keys()].map((own) => [own, live.get(own)!])), 0);
    });
  }
}

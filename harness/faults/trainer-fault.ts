/** Faults of any trainer. They use only the trainer contract: its context, steps, state and samples. */
import * as tf from '@tensorflow/tfjs-core';
import type { Trainer, TrainerContext } from '../training/trainer.ts';
import type { Fault } from './fault.ts';
import type { Need } from './needs.ts';

export interface TrainerFault extends Omit<Fault, 'applies' | 'inject'> {
  /** What a trainer must have, since this breaks it. Default: nothing. */
  readonly needs?: Need<Trainer>;
  /** Changes or replaces the trainer of a resumed run. */
  readonly change: (trainer: Trainer, context: TrainerContext) => Trainer | Promise<Trainer>;
  /** Changes the context of a resumed run. */
  readonly context?: (context: TrainerContext) => TrainerContext;
}

export const defineTrainerFault = ({ needs, change, context, ...fault }: TrainerFault): Fault => ({
  ...fault,
  applies: (trainer) => needs === undefined || needs.isMet(trainer) || { whyNot: needs.whyNot },
  inject: (build) => async (given) => {
    if (given.checkpoint === undefined || given.weightsOnly) return build(given);
    return change(await build(context?.(given) ?? given), given);
  },
});

/** The same trainer with some members replaced. */
export function replacing(trainer: Trainer, parts: Partial<Trainer>): Trainer {
  return new Proxy(trainer, {
    get(target, key) {
      const own = parts[key as keyof Trainer];
      if (own !== undefined) return own;
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Writes new values into each variable of a parameter, once. */
export async function rewrite(
  trainer: Trainer,
  of: (values: Float32Array, name: string) => Float32Array,
): Promise<Trainer> {
  const written = new Set<tf.Variable>();
  for (const { name, variable } of trainer.observe().parameters) {
    if (written.has(variable) || variable.dtype !== 'float32') continue;
    written.add(variable);
    const values = Float32Array.from(await variable.data<'float32'>());
    tf.tidy(() => variable.assign(tf.tensor(of(values, name), variable.shape)));
  }
  return trainer;
}

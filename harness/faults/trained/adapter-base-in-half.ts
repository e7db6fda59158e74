/**
 * Diagnosis: the frozen base, which is not in the checkpoint because only adapters are saved, comes up with its
 * matrices rounded to bfloat16 in the resumed process (loaded with another dtype than at the start); adapters and
 * all other state are exact.
 */
import * as tf from '@tensorflow/tfjs-core';
import { owners, type Parts } from '../../loop/parts.ts';
import { roundTo8Bits } from '../../training/master.ts';
import type { Parameter } from '../../training/optimizer.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';

/** The base's matrices. Smaller tensors stay in float32, as norms and biases usually do. */
const base = ({ parameters, recipe }: Parts): Parameter[] =>
  owners(parameters).filter(
    ({ name, variable }) => !variable.trainable && variable.rank >= 2 && !(recipe.saves?.(name) ?? true),
  );

export default defineLoopFault({
  breaks: 'Adapters are resumed on a frozen base whose matrices were loaded in bfloat16 instead of float32.',
  proofs: ['restored', 'faithful'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  needs: (parts) => base(parts).length > 0,
  change(stages) {
    onceResumed(stages, (parts) => {
      for (const { variable } of base(parts)) tf.tidy(() => variable.assign(roundTo8Bits(variable)));
    });
  },
});

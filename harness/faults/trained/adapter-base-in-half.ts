/**
 * Only adapters are saved, so the frozen base is not in the checkpoint. The resumed process loads the base in another
 * dtype than the first process, and its matrices are rounded to bfloat16. The adapters and all other state are exact.
 */
import * as tf from '@tensorflow/tfjs-core';
import { owners, type Parts } from '../../loop/parts.ts';
import { roundTo8Bits } from '../../training/master.ts';
import type { Parameter } from '../../training/optimizer.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { need } from '../needs.ts';

/** The base's matrices. Smaller tensors stay in float32, as norms and biases usually do. */
const base = ({ parameters, recipe }: Parts): Parameter[] =>
  owners(parameters).filter(
    ({ name, variable }) => !variable.trainable && variable.rank >= 2 && !(recipe.saves?.(name) ?? true),
  );

export default defineLoopFault({
  breaks: 'The frozen base under the adapters is loaded in bfloat16 instead of float32.',
  proofs: ['restored', 'faithful'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  needs: need('has no frozen matrix outside the checkpoint', (parts) => base(parts).length > 0),
  change(stages) {
    onceResumed(stages, (parts) => {
      for (const { variable } of base(parts)) tf.tidy(() => variable.assign(roundTo8Bits(variable)));
    });
  },
});

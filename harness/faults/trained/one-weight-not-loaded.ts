import * as tf from '@tensorflow/tfjs-core';
import { byName, owners } from '../../loop/parts.ts';
import { firstChanged } from '../live.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The name of one weight does not match, so it is skipped without an error.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-partly-loaded', 'weights-not-loaded'],
  change: (stages) =>
    inResume(stages, 'restore weights', async (parts, original) => {
      const before = new Map(
        owners(parts.parameters).map(({ name, variable }) => [name, tf.clone(variable)]),
      );
      await original(parts);
      const variable = byName(parts.parameters);
      const skipped = await firstChanged(before, variable);
      if (skipped !== undefined) variable(skipped).assign(before.get(skipped)!);
    }),
});

import * as tf from '@tensorflow/tfjs-core';
import { firstChanged } from '../live.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA of a single parameter is not restored.',
  proofs: ['restored'],
  rule: 'ema-not-restored',
  cause: ['ema-lost', 'ema-built-late'],
  needs: hasEma,
  change: (stages) =>
    inResume(stages, 'restore EMA', async (parts, original) => {
      const ema = parts.ema!;
      const before = new Map([...ema.tensors].map(([name, tensor]) => [name, tf.clone(tensor)]));
      await original(parts);
      const lost = await firstChanged(before, (name) => ema.tensors.get(name)!);
      if (lost !== undefined) ema.restore(new Map([[lost, before.get(lost)!]]), ema.updates);
    }),
});

import * as tf from '@tensorflow/tfjs-core';
import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { hasAdapters } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Adapters are loaded but not attached to the model.',
  reports: ['huggingface/transformers#29383'],
  proofs: ['alive', 'faithful'],
  rule: 'gradients-missing',
  cause: ['adapters-not-attached', 'loss-holds-old-model'],
  needs: hasAdapters,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      const without = copiesOf(parts.parameters, (values) => tf.zerosLike(values));
      const detached = parts.parameters.map((own, at) => (own.name.includes('lora_') ? without[at]! : own));
      parts.views.loss = () => detached;
    }),
});

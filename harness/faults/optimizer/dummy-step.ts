import * as tf from '@tensorflow/tfjs-core';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The restore runs a step with zero gradients, which advances slots and step counts.',
  reports: ['huggingface/accelerate#4289'],
  proofs: ['restored'],
  rule: ['slots-not-restored', 'counters-not-restored'],
  cause: ['slots-changed', 'optimizer-step-changed'],
  change: (stages) =>
    onceResumed(stages, ({ driven }) => {
      for (const { optimizer } of driven) {
        for (const group of optimizer.groups) {
          for (const { variable } of group.parameters) {
            const frozen = { ...group, learningRate: 0, weightDecay: 0 };
            tf.tidy(() => optimizer.stepParameter(variable, tf.zerosLike(variable), frozen));
          }
        }
      }
    }),
});

import * as tf from '@tensorflow/tfjs-core';
import { owners } from '../../loop/parts.ts';
import { insertedAfter } from '../../loop/stages.ts';
import { defineLoopFault, resumes } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The weights are initialised again after the load.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-not-loaded', 'weights-changed'],
  change: (stages) => {
    stages.assembly = insertedAfter(stages.assembly, 'restore weights', {
      name: 'initialise again',
      run(parts) {
        if (!resumes(parts)) return;
        const { parameters, recipe } = parts;
        for (const { name, variable } of owners(parameters)) {
          tf.tidy(() =>
            variable.assign(tf.tensor(recipe.model.initialise(name, variable.shape), variable.shape)),
          );
        }
      },
    });
  },
});

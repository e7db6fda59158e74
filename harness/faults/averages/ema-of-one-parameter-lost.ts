import * as tf from '@tensorflow/tfjs-core';
import { hasAverage } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'ema-of-one-parameter-lost',
  breaks: 'The average of a single parameter is not restored.',
  reports: [],
  proofs: ['restored'],
  rule: 'averages-not-restored',
  cause: ['average-not-restored', 'average-built-late'],
  needs: hasAverage,
  change: (program) =>
    inResume(program, 'restore average', (parts, original) => {
      const { average } = parts;
      const [first, initial] = [...average!.tensors][0]!;
      const before = tf.clone(initial);
      original(parts);
      average!.restore(new Map([[first, before]]), average!.updates);
    }),
});

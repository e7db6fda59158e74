import * as tf from '@tensorflow/tfjs-core';
import { firstChanged } from '../live.ts';
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
    inResume(program, 'restore average', async (parts, original) => {
      const average = parts.average!;
      const before = new Map([...average.tensors].map(([name, tensor]) => [name, tf.clone(tensor)]));
      await original(parts);
      const lost = await firstChanged(before, (name) => average.tensors.get(name)!);
      if (lost !== undefined) average.restore(new Map([[lost, before.get(lost)!]]), average.updates);
    }),
});

import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { samples } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Samples are drawn from a copy made at the resume.',
  proofs: ['alive'],
  rule: 'samples-unchanged',
  cause: 'samples-from-old-copy',
  needs: samples,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      const copy = copiesOf(parts.parameters);
      parts.views.sample = () => copy;
      const statistics = new Map(
        copiesOf([...parts.buffers].map(([name, variable]) => ({ name, variable }))).map(
          ({ name, variable }) => [name, variable],
        ),
      );
      parts.sampledBuffers = () => statistics;
    }),
});

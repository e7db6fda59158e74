import { owners } from '../../loop/parts.ts';
import { copiesOf } from '../live.ts';
import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { hasTies } from '../needs.ts';

export default defineLoopFault({
  breaks: 'A tied weight becomes two separate copies.',
  reports: ['huggingface/accelerate#1204', 'huggingface/transformers#11682'],
  proofs: ['restored'],
  rule: 'ties-changed',
  cause: 'weights-untied',
  needs: hasTies,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      const own = new Set(owners(parts.parameters));
      const copies = copiesOf(parts.parameters);
      parts.parameters = parts.parameters.map((parameter, at) =>
        own.has(parameter) ? parameter : copies[at]!,
      );
    }),
});

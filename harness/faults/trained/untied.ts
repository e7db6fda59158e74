import { owners } from '../../loop/parts.ts';
import { copiesOf } from '../live.ts';
import { hasTies } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'untied',
  breaks: 'Two copies where there was one weight under two names.',
  reports: ['huggingface/accelerate#1204', 'huggingface/transformers#11682'],
  proofs: ['restored'],
  rule: 'ties-changed',
  cause: 'weights-untied',
  needs: hasTies,
  change: (program) =>
    onceResumed(program, (parts) => {
      const own = new Set(owners(parts.parameters));
      const copies = copiesOf(parts.parameters);
      parts.parameters = parts.parameters.map((parameter, at) =>
        own.has(parameter) ? parameter : copies[at]!,
      );
    }),
});

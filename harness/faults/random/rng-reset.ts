import { defineLoopFault, skip } from '../loop-fault.ts';
import { draws } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Generators are reseeded.',
  reports: ['ai2cm/ace#690', 'vllm-project/speculators#1027', 'marin-community/levanter#378'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-reseeded',
  needs: draws,
  change: (stages) => skip(stages, 'restore random'),
});

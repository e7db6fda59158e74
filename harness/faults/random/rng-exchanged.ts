import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasSeveralGenerators } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Generators are restored with each other’s state.',
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-exchanged',
  needs: hasSeveralGenerators,
  change: (stages) =>
    onLoad(stages, (saved) => {
      const entries = Object.entries(saved.random);
      const random = entries.map(([name], at) => [name, entries[(at + 1) % entries.length]![1]]);
      return { ...saved, random: Object.fromEntries(random) };
    }),
});

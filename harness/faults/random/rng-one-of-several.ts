import { defineLoopFault, inResume } from '../loop-fault.ts';
import { hasSeveralGenerators } from '../needs.ts';

export default defineLoopFault({
  breaks: 'One of several generators is not restored.',
  reports: ['ByteDance-Seed/VeOmni#1189'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-reseeded',
  needs: hasSeveralGenerators,
  change: (stages) =>
    inResume(stages, 'restore random', (parts, original) => {
      const { random } = parts;
      parts.random = new Map([...random].slice(0, -1));
      original(parts);
      parts.random = random;
    }),
});

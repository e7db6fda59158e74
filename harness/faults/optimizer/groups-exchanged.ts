import { onGroups } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'Parameters come back in each other’s groups, with the learning rates and weight decay of those.',
  reports: ['roytseng-tw/Detectron.pytorch#118'],
  proofs: ['restored'],
  rule: 'groups-changed',
  cause: 'groups-exchanged',
  needs: ({ driven }) => driven.some(({ optimizer }) => optimizer.groups.length > 1),
  change: (stages) =>
    onGroups(stages, (groups) =>
      groups.map((group, at) => ({
        ...group,
        parameters: groups[(at + 1) % groups.length]!.parameters,
      })),
    ),
});

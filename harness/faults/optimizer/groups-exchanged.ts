import { onGroups } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { need } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'Parameters are restored into each other’s groups, which have other learning rates and weight decay.',
  reports: ['roytseng-tw/Detectron.pytorch#118'],
  proofs: ['restored'],
  rule: 'groups-changed',
  cause: 'groups-exchanged',
  needs: need('has no optimizer of several parameter groups', ({ driven }) =>
    driven.some(({ optimizer }) => optimizer.groups.length > 1),
  ),
  change: (stages) =>
    onGroups(stages, (groups) =>
      groups.map((group, at) => ({
        ...group,
        parameters: groups[(at + 1) % groups.length]!.parameters,
      })),
    ),
});

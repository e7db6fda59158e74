import { traitRule } from './trait-rule.ts';

export const groupsChanged = traitRule({
  id: 'groups-changed',
  claim: 'Each parameter is in the same parameter group as at the save.',
  noun: 'parameter group',
  of: ({ group }) => group,
  likelyCause:
    'groups were matched by position and their order changed, or a group was built from a different list',
  fix: 'build the groups from names, in the same order, before the optimizer is restored',
});

import { doesNotAdvance } from './does-not-advance.ts';

export const slotsDoNotAdvance = doesNotAdvance(
  'slots-do-not-advance',
  'slot',
  'optimizer slot',
  'the optimizer does not update these parameters, updates others, or keeps other slots',
  'check which parameters the optimizer’s groups and the hooks hold after the restore',
);

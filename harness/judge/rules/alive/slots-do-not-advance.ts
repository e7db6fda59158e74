import { doesNotAdvance } from './does-not-advance.ts';

export const slotsDoNotAdvance = doesNotAdvance(
  'slots-do-not-advance',
  'slot',
  'optimizer slot',
  'the optimizer takes no step for these parameters, or steps others',
  'see which parameters the optimizer’s groups and the hooks hold after the restore',
);

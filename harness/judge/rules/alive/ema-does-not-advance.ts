import { doesNotAdvance } from './does-not-advance.ts';

export const emaDoesNotAdvance = doesNotAdvance(
  'ema-does-not-advance',
  'ema',
  'EMA',
  'the EMA is no longer updated, or follows parameters that do not move',
  'update the EMA from the trained parameters after each update',
);

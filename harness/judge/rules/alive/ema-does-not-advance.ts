import { doesNotAdvance } from './does-not-advance.ts';

export const emaDoesNotAdvance = doesNotAdvance(
  'ema-does-not-advance',
  'ema',
  'EMA',
  'the EMA is not updated any more, or follows weights that do not move',
  'update the EMA after each update, from the parameters that are trained',
);

import { doesNotAdvance } from './does-not-advance.ts';

export const buffersDoNotAdvance = doesNotAdvance(
  'buffers-do-not-advance',
  'buffer',
  'buffer',
  'the model is in evaluation mode, a count or an interval that decides when they are updated was not restored, or other buffers are written',
  'switch to training mode after the load, restore what decides when buffers are updated, and update those that are observed',
);

import { doesNotAdvance } from './does-not-advance.ts';

export const buffersDoNotAdvance = doesNotAdvance(
  'buffers-do-not-advance',
  'buffer',
  'buffer',
  'what decides whether and when they are updated (training mode, a count, an interval, a phase) was not restored, or other buffers are updated',
  'switch to training mode after the load, restore what decides when buffers are updated, and update those that are observed',
);

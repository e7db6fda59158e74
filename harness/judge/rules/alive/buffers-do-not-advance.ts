import { doesNotAdvance } from './does-not-advance.ts';

export const buffersDoNotAdvance = doesNotAdvance(
  'buffers-do-not-advance',
  'buffer',
  'buffer',
  'the model was resumed in evaluation mode, or its statistics are written elsewhere',
  'switch to training mode after the load; let the forward pass write the buffers that are observed',
);

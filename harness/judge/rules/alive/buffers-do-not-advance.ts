import { doesNotAdvance } from './does-not-advance.ts';

export const buffersDoNotAdvance = doesNotAdvance(
  'buffers-do-not-advance',
  'buffer',
  'buffer',
  'the model was resumed in evaluation mode, or its statistics are written to different buffers',
  'switch to training mode after the load, and let the forward pass write the buffers that the probe observes',
);

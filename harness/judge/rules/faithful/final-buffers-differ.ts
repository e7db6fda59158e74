import { lastTensors } from './last-rule.ts';

export const finalBuffersDiffer = lastTensors('final-buffers-differ', 'buffer', 'buffer');

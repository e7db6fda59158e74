import { lastTensors } from './last-rule.ts';

export const finalEmaDiffers = lastTensors('final-ema-differs', 'ema', 'EMA');

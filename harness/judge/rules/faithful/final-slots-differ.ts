import { lastTensors } from './last-rule.ts';

export const finalSlotsDiffer = lastTensors('final-slots-differ', 'slot', 'optimizer slot');

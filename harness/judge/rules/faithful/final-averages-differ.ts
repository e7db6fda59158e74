import { lastTensors } from './last-rule.ts';

export const finalAveragesDiffer = lastTensors('final-averages-differ', 'average', 'weight average');

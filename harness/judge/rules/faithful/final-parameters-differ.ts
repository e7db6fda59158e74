import { lastTensors } from './last-rule.ts';

export const finalParametersDiffer = lastTensors('final-parameters-differ', 'parameter', 'parameter');

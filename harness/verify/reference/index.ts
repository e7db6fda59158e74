/** The reference kernels, in float64, by TensorFlow.js' names. */
import { ELEMENTWISE } from './elementwise.ts';
import { MOVEMENT } from './movement.ts';
import { PRODUCTS } from './products.ts';
import { REDUCTIONS } from './reductions.ts';
import type { Reference } from './tensor.ts';
import { WINDOWS } from './window.ts';

export const REFERENCES: ReadonlyMap<string, Reference> = new Map([
  ...MOVEMENT,
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...PRODUCTS,
  ...WINDOWS,
]);

/** The scenario declares a deviation that its trainer does not make. */
import { listed, plural } from '../words.ts';
import type { Cause } from './cause.ts';

export const DECLARED: readonly Cause[] = [
  {
    id: 'deviation-did-not-happen',
    means: 'The trainer restored what the scenario declares that it does not restore.',
    heads: ['deviation-did-not-happen'],
    // The control deviates and the resumed run does not, so they can differ in everything that a deviation affects.
    explains: [
      'deviation-did-not-happen',
      'batches-differ',
      'learning-rate-differs',
      'applied-learning-rate-differs',
      'applied-differs',
      'step-differs',
      'update-counts-differ',
      'hook-counts-differ',
      'claim-contradicted',
      'stalled-parameters',
      'frozen-parameters-move',
      'ema-does-not-advance',
      'slots-do-not-advance',
    ],
    diagnose({ resume }) {
      const restored = resume.changes.filter(
        ({ deviation, cameBack }) => deviation !== undefined && cameBack,
      );
      const kinds = [...new Set(restored.map(({ deviation }) => deviation!))];
      return kinds.length === 0
        ? undefined
        : `the declared ${plural(kinds.length, 'deviation', 'deviations')} ${listed(kinds)} did not happen: ${listed(restored.map(({ name }) => name))} ${plural(restored.length, 'was', 'were')} restored as saved, but the control deviates`;
    },
  },
];

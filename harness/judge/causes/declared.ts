/** The scenario’s declaration is not what the trainer does. */
import { listed } from '../words.ts';
import type { Cause } from './cause.ts';

export const DECLARED: readonly Cause[] = [
  {
    id: 'deviation-did-not-happen',
    means: 'What the scenario declares that its trainer does not restore was restored.',
    heads: ['deviation-did-not-happen'],
    // The control deviates and the resumed run does not, so that they part in whatever a deviation touches.
    explains: [
      'deviation-did-not-happen',
      'batches-differ',
      'rate-differs',
      'applied-rate-differs',
      'applied-differs',
      'step-differs',
      'update-counts-differ',
      'hook-counts-differ',
      'claim-contradicted',
      'stalled-parameters',
      'frozen-parameters-move',
      'averages-do-not-advance',
      'slots-do-not-advance',
    ],
    diagnose({ resume }) {
      const restored = resume.changes.filter(
        ({ deviation, cameBack }) => deviation !== undefined && cameBack,
      );
      const kinds = [...new Set(restored.map(({ deviation }) => deviation!))];
      return kinds.length === 0
        ? undefined
        : `the declared deviation ${listed(kinds)} did not happen: ${listed(restored.map(({ name }) => name))} came back as saved, while the control deviates`;
    },
  },
];

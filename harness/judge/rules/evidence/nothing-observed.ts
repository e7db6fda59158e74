import type { Observable, Trace } from '../../../trace/schema.ts';
import type { Evidence } from '../../evidence.ts';
import type { Found, Rule } from '../../rule.ts';
import { listed } from '../../words.ts';

interface Presence {
  readonly observable: Observable;
  readonly seen: (trace: Trace) => boolean;
  readonly what: string;
}

const PRESENCES: readonly Presence[] = [
  {
    observable: 'hooks',
    what: 'gradient hook call',
    seen: ({ steps }) => steps.some((s) => s.hookCalls.some((n) => n > 0)),
  },
  {
    observable: 'slots',
    what: 'optimizer slot',
    seen: ({ states }) => states.some((s) => s.tensors.some(({ kind }) => kind === 'slot')),
  },
  { observable: 'samples', what: 'sample', seen: ({ samples }) => samples.length > 0 },
  {
    observable: 'random',
    what: 'random generator state',
    seen: ({ states }) => states.some((s) => Object.keys(s.random).length > 0),
  },
  {
    observable: 'gradients',
    what: 'gradient',
    seen: ({ steps }) => steps.some((s) => s.gradientL2.some((n) => n !== null)),
  },
  {
    observable: 'learning-rates',
    what: 'learning rate inside an update',
    seen: ({ steps }) => steps.some((s) => s.learningRates.some((n) => n !== null)),
  },
  {
    observable: 'batches',
    what: 'batch id',
    seen: ({ steps }) => steps.some((s) => s.claimed.batch.length > 0),
  },
];

export const nothingObserved: Rule = {
  id: 'nothing-observed',
  proof: 'run',
  claim:
    'The control shows everything that the scenario does not declare as lacking: two empty records prove nothing.',
  reads:
    'the hooks, slots, samples, generators, gradients, learning rates and batches of the control, and what the scenario declares as lacking',
  speaks: 'at the end of the segment',
  judge: ({ control, lacks }: Evidence) => {
    // A failed control may have stopped before it showed everything. Another rule reports the failure.
    if (control?.failure !== undefined) return [];
    if (control === undefined || control.steps.length === 0) {
      return control === undefined
        ? []
        : [
            {
              sentence: 'The probe recorded no step of the control.',
              expected: 'a step record for each step',
              seen: 'none',
              likelyCause: 'the probe was not attached, or the trace was emptied',
              fix: 'run the scenario again with resumeproof’s own runner',
            },
          ];
    }
    const silent = PRESENCES.filter((p) => !lacks.includes(p.observable) && !p.seen(control));
    const undeclared = PRESENCES.filter((p) => lacks.includes(p.observable) && p.seen(control));
    return [
      ...silent.map(
        ({ observable, what }): Found => ({
          sentence: `The control shows no ${what}, so there is nothing to compare.`,
          subjects: [observable],
          expected: `at least one ${what}`,
          seen: 'none',
          likelyCause: 'the trainer has none, or does not show it to the probe',
          fix: `show it in observe() or in the training parts, or declare lacks: ['${observable}'] in the scenario`,
        }),
      ),
      ...undeclared.map(
        ({ observable, what }): Found => ({
          sentence: `The scenario declares that it lacks ${listed([observable])}, but the control shows at least one ${what}.`,
          subjects: [observable],
          expected: `no ${what}`,
          seen: 'at least one',
          likelyCause: 'the declaration is out of date',
          fix: `remove '${observable}' from lacks`,
        }),
      ),
    ];
  },
};

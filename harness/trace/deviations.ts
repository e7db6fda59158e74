/** The deviations that a scenario can declare, and the state entries that each covers. */
import { type CounterKind, counterKind, type GeneratorKind, generatorKind } from './names.ts';
import { DEVIATIONS, type Deviation, type TensorRecord } from './schema.ts';

interface Coverage {
  readonly tensors?: readonly TensorRecord['kind'][];
  readonly counters?: readonly CounterKind[];
  readonly random?: readonly GeneratorKind[];
}

const COVERAGE: Readonly<Record<Deviation, Coverage>> = {
  'data-order': { counters: ['data'], random: ['data'] },
  'step-count': { counters: ['step'] },
  random: { random: ['other'] },
  schedule: { counters: ['schedule'] },
  slots: { tensors: ['slot'], counters: ['optimizer'] },
  ema: { tensors: ['ema'], counters: ['ema'] },
  buffers: { tensors: ['buffer'] },
  gradients: { tensors: ['gradient'], counters: ['accumulation'] },
  'loss-scale': { counters: ['loss-scale'] },
  // Stored with fewer bits. The values change; other deviations declare whether they come back at all.
  precision: { tensors: ['parameter', 'slot', 'ema', 'buffer', 'gradient'] },
};

/** An entry of a state: a tensor (by kind), a counter or a random generator. */
export interface EntryName {
  readonly kind: TensorRecord['kind'] | 'counter' | 'random';
  readonly name: string;
}

/** Equal for the same entry of different states. */
export const keyOf = ({ kind, name }: EntryName): string => `${kind} ${name}`;

/** The declared deviation that covers an entry. `precision` covers any tensor, so the others take precedence. */
export const coveredBy = (declared: readonly Deviation[], { kind, name }: EntryName): Deviation | undefined =>
  DEVIATIONS.find((deviation) => {
    if (!declared.includes(deviation)) return false;
    const { tensors = [], counters = [], random = [] } = COVERAGE[deviation];
    if (kind === 'counter') return counters.includes(counterKind(name));
    if (kind === 'random') return random.includes(generatorKind(name));
    return tensors.includes(kind);
  });

/** The tensors other than parameters that a step records. */
import type { TracedStep } from '../../trace/schema.ts';
import type { StepPair } from '../evidence.ts';
import type { Parted, Sight } from './sight.ts';

export type Observed = NonNullable<TracedStep['observed']>[number];

const observedAfter = ({ observed }: TracedStep, kind: Observed['kind']): readonly Observed[] =>
  observed?.filter((tensor) => tensor.kind === kind) ?? [];

/** Compares what both steps record of a kind, exactly. Undefined if they share nothing. */
export function observedSight(kind: Observed['kind'], { control, resumed }: StepPair): Sight | undefined {
  const mine = new Map(observedAfter(resumed, kind).map((tensor) => [tensor.name, tensor]));
  const both = observedAfter(control, kind).flatMap((other): Parted[] => {
    const own = mine.get(other.name);
    if (own === undefined) return [];
    return [
      {
        name: other.name,
        mine: [own.l2, ...(own.sketch ?? [])],
        theirs: [other.l2, ...(other.sketch ?? [])],
      },
    ];
  });
  if (both.length === 0) return undefined;
  const differs = (each: Parted): boolean =>
    each.theirs.some((value, at) => !Object.is(value, each.mine[at] ?? value));
  return { parted: both.filter(differs), among: both.map(({ name }) => name) };
}

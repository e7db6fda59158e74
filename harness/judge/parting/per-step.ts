/** The tensors other than parameters that a step records. */
import type { TracedStep } from '../../trace/schema.ts';

export type Observed = NonNullable<TracedStep['observed']>[number];

export const observedAfter = ({ observed }: TracedStep, kind: Observed['kind']): readonly Observed[] =>
  observed?.filter((tensor) => tensor.kind === kind) ?? [];

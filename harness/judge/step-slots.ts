/**
 * Step counts that are recorded as tensors. torch keeps Adam's step as a 0-d slot of each parameter, which its first
 * update creates. As counters, they are judged like the step count of a whole optimizer.
 */
import type { StateRecord, TensorRecord, Trace, TracedStep } from '../trace/schema.ts';
import { slotKind } from './slot-names.ts';

/** Replaces slots that count by counters of the optimizer. A count that is not there yet is 0. */
export function withStepCounters(traces: readonly Trace[]): readonly Trace[] {
  const counts = countsIn(traces);
  if (counts.size === 0) return traces;
  const none = Object.fromEntries([...counts].map((name) => [counterOf(name), 0]));
  const isCounting = (one: Pick<TensorRecord, 'kind' | 'name'>): boolean =>
    isSlot(one) && counts.has(one.name);
  /** The tensors that do not count, and the counters with those that do. */
  const apart = <One extends Pick<TensorRecord, 'kind' | 'name' | 'l2'>>(
    tensors: readonly One[],
    counters: StateRecord['counters'],
  ): { rest: One[]; counters: StateRecord['counters'] } => {
    const counting = tensors.filter(isCounting).map(({ name, l2 }) => [counterOf(name), l2] as const);
    return {
      rest: tensors.filter((one) => !isCounting(one)),
      counters: { ...counters, ...none, ...Object.fromEntries(counting) },
    };
  };
  const counted = (state: StateRecord): StateRecord => {
    const { rest, counters } = apart(state.tensors, state.counters);
    return { ...state, tensors: rest, counters };
  };
  const inSteps = traces.some(({ steps }) => steps.some(({ observed }) => observed?.some(isCounting)));
  const countedStep = (step: TracedStep): TracedStep => {
    if (step.observed === undefined) return step;
    const { rest, counters } = apart(step.observed, step.counters ?? {});
    return { ...step, observed: rest, counters };
  };
  return traces.map((trace) => ({
    ...trace,
    states: trace.states.map(counted),
    steps: inSteps ? trace.steps.map(countedStep) : trace.steps,
  }));
}

const isSlot = ({ kind }: Pick<TensorRecord, 'kind'>): boolean => kind === 'slot';

/** The name makes it a counter of the optimizer. */
const counterOf = (slot: string): string => `optimizer/${slot}`;

/** The names of the slots of all kinds that only count. */
function countsIn(traces: readonly Trace[]): ReadonlySet<string> {
  const kinds = new Map<string, TensorRecord[]>();
  const kindOf = new Map<string, string>();
  for (const { states } of traces) {
    for (const { tensors } of states) {
      for (const tensor of tensors) {
        if (!isSlot(tensor)) continue;
        const key = `${tensor.parameter ?? ''} ${tensor.name}`;
        const kind = kindOf.get(key) ?? slotKind(tensor);
        kindOf.set(key, kind);
        const own = kinds.get(kind) ?? [];
        own.push(tensor);
        kinds.set(kind, own);
      }
    }
  }
  return new Set([...kinds.values()].filter(isCount).flatMap((own) => own.map(({ name }) => name)));
}

/** The norm of a single whole number is its size. It stands for the tensor only if equal norms have equal bytes. */
function isCount(slots: readonly TensorRecord[]): boolean {
  const [first] = slots;
  const bytes = new Map<number, string>();
  return slots.every(({ shape, dtype, l2, digest }) => {
    const known = bytes.get(l2) ?? digest;
    bytes.set(l2, known);
    return shape.length === 0 && Number.isInteger(l2) && dtype === first!.dtype && digest === known;
  });
}

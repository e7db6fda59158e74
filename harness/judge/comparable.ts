/** What of a trace is compared with others: all but what a healthy resume need not bring back. */
import { keyOf } from '../trace/deviations.ts';
import type { StateRecord, Trace, TracedStep } from '../trace/schema.ts';
import { withoutNoneColumns, withoutNoneGroups } from './groups.ts';

/**
 * Leaves out gradients of parameters that no optimizer updates, which nothing ever applies, and counters that the trainer
 * declares as counting resumes.
 * @param unheld the parameters that no optimizer of the control holds
 */
export function comparable(trace: Trace, unheld: ReadonlySet<string>): Trace {
  const counting = trace.run?.countsResumes ?? [];
  const states = trace.states.map((state) =>
    withoutCounters(withoutIdleGradients(withoutNoneGroups(state), unheld), counting),
  );
  const held = withoutGradientsOf(unheld);
  const steps = withoutNoneColumns(trace.steps).map((step) => held(comparableStep(step, counting)));
  const same =
    steps.every((step, at) => step === trace.steps[at]) &&
    states.every((state, at) => state === trace.states[at]);
  return same ? trace : { ...trace, states, steps };
}

/**
 * Two states without the slots and gradients of zeros that only one of them has. Optimizers create slots at the first
 * update, or earlier and filled with zeros. A gradient of zeros and no gradient lead to the same sum.
 */
export function withoutLoneZeros<State extends StateRecord | undefined>(
  one: State,
  other: State,
): readonly [State, State] {
  if (one === undefined || other === undefined) return [one, other];
  return [withoutZerosNotIn(one, other), withoutZerosNotIn(other, one)];
}

function withoutZerosNotIn<State extends StateRecord>(state: State, other: StateRecord): State {
  const known = new Set(other.tensors.map(keyOf));
  const tensors = state.tensors.filter(
    (tensor) =>
      (tensor.kind !== 'slot' && tensor.kind !== 'gradient') || tensor.l2 !== 0 || known.has(keyOf(tensor)),
  );
  return tensors.length === state.tensors.length ? state : { ...state, tensors };
}

function withoutIdleGradients(state: StateRecord, unheld: ReadonlySet<string>): StateRecord {
  if (!state.tensors.some(({ kind }) => kind === 'gradient')) return state;
  const parameters = state.tensors.filter(({ kind }) => kind === 'parameter');
  const grouped = parameters.some(({ group }) => group !== undefined);
  const idle = new Set(unheld);
  for (const { name, group, trainable } of parameters)
    if (trainable === false || (grouped && group === undefined)) idle.add(name);
  const tensors = state.tensors.filter(
    ({ kind, name, parameter }) => kind !== 'gradient' || !idle.has(parameter ?? name),
  );
  return tensors.length === state.tensors.length ? state : { ...state, tensors };
}

/**
 * The parameters that no optimizer holds: in no group, and never updated by the control, though each of its steps has a
 * gradient of them.
 */
export function unheldIn(control: Trace | undefined): ReadonlySet<string> {
  const [first] = control?.states ?? [];
  const steps = control?.steps ?? [];
  if (first === undefined || steps.length === 0) return new Set();
  const parameters = withoutNoneGroups(first).tensors.filter(({ kind }) => kind === 'parameter');
  // A loop without an optimizer updates by itself, so that none of its updates are seen.
  if (!steps.some(({ updates }) => updates.some((count) => count > 0))) return new Set();
  const unheld = new Set(parameters.filter(({ group }) => group === undefined).map(({ name }) => name));
  for (const { names, updates, gradientL2 } of steps) {
    if (unheld.size === 0) break;
    for (const [at, name] of names.entries())
      if (updates[at] !== 0 || gradientL2[at] === null) unheld.delete(name);
  }
  return unheld;
}

/** Their gradients add up from where a process starts. Steps that share a column still do. */
function withoutGradientsOf(unheld: ReadonlySet<string>): (step: TracedStep) => TracedStep {
  if (unheld.size === 0) return (step) => step;
  const tables = new Map<TracedStep['names'], Map<TracedStep['gradientL2'], TracedStep['gradientL2']>>();
  return (step) => {
    const { names, gradientL2, observed } = step;
    const columns = tables.get(names) ?? new Map<TracedStep['gradientL2'], TracedStep['gradientL2']>();
    const column =
      columns.get(gradientL2) ?? gradientL2.map((norm, at) => (unheld.has(names[at]!) ? null : norm));
    tables.set(names, columns.set(gradientL2, column));
    const others = observed?.filter(({ kind, name }) => kind !== 'gradient' || !unheld.has(name));
    return { ...step, gradientL2: column, ...(others === undefined ? {} : { observed: others }) };
  };
}

/** The same of a step, without what lone zeros are in a state. */
function comparableStep(step: TracedStep, counting: readonly string[]): TracedStep {
  const { counters, observed } = step;
  const counts = counters !== undefined && counting.some((name) => Object.hasOwn(counters, name));
  const isZero = ({
    kind,
    l2,
    sketch = [],
  }: {
    kind: string;
    l2: number;
    sketch?: readonly number[] | undefined;
  }) => l2 === 0 && (kind === 'slot' || kind === 'gradient') && sketch.every((sum) => sum === 0);
  const zeros = observed?.some(isZero) === true;
  if (!counts && !zeros) return step;
  return {
    ...step,
    ...(counts
      ? {
          counters: Object.fromEntries(Object.entries(counters).filter(([name]) => !counting.includes(name))),
        }
      : {}),
    ...(zeros ? { observed: observed.filter((one) => !isZero(one)) } : {}),
  };
}

function withoutCounters(state: StateRecord, names: readonly string[]): StateRecord {
  const counters = Object.entries(state.counters).filter(([name]) => !names.includes(name));
  return counters.length === Object.keys(state.counters).length
    ? state
    : { ...state, counters: Object.fromEntries(counters) };
}

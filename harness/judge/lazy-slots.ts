/** Slots that a trainer restores only when the first update needs them, as deferred restoration in TensorFlow does. */
import type { StateRecord, TensorRecord, Trace } from '../trace/schema.ts';
import { tensorsOf } from './evidence.ts';
import { observedSight } from './parting/per-step.ts';

/**
 * Adds the slots that a resumed process lacks before its first update and has after it, with the values that the control
 * held. If the two updates leave equal slots, both read equal ones: a slot that had begun anew would differ.
 */
export function withLazySlots(trace: Trace, control: Trace | undefined): Trace {
  const resumed = trace.states.find(({ at }) => at === 'resume');
  if (resumed === undefined || control === undefined) return trace;
  const first = control.steps.find(({ step, changed }) => step > resumed.step && changed.includes(true));
  const own = trace.steps.find(({ step }) => step === first?.step);
  if (first === undefined || own === undefined) return trace;
  const seen = observedSight('slot', { control: first, resumed: own });
  const apart = new Set(seen?.parted.map(({ name }) => name));
  const equal = new Set(seen?.among.filter((name) => !apart.has(name)));
  const held = slotsAt(control, resumed.step).filter(({ name }) => equal.has(name));
  if (held.length === 0) return trace;
  const states = trace.states.map((state) => (state.step < first.step ? withSlots(state, held) : state));
  return states.every((state, at) => state === trace.states[at]) ? trace : { ...trace, states };
}

/** The slots with which the control goes on at a step, after whatever it changes there. */
function slotsAt(control: Trace, step: number): readonly TensorRecord[] {
  const state = control.states.findLast(
    (one) => one.step === step && ['pass', 'deviated', 'changed'].includes(one.at),
  );
  return [...tensorsOf(state, 'slot').values()];
}

function withSlots(state: StateRecord, slots: readonly TensorRecord[]): StateRecord {
  const own = tensorsOf(state, 'slot');
  const missing = slots.filter(({ name }) => !own.has(name));
  return missing.length === 0 ? state : { ...state, tensors: [...state.tensors, ...missing] };
}

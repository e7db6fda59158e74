/** Parameter groups as they are compared: a text for "none" is none. */
import type { StateRecord, TracedStep } from '../trace/schema.ts';

/** What languages write for a missing value, in a field that holds a text. */
const NONE = /^(none|null|undefined|)$/i;
const isNone = (group: string | null | undefined): boolean =>
  group !== null && group !== undefined && NONE.test(group);

/** The same state, if no group is written as none. */
export function withoutNoneGroups(state: StateRecord): StateRecord {
  if (!state.tensors.some(({ group }) => isNone(group))) return state;
  const tensors = state.tensors.map((tensor) => {
    const { group, ...rest } = tensor;
    return isNone(group) ? rest : tensor;
  });
  return { ...state, tensors };
}

/** The same steps, if no group is written as none. Steps that share their columns still do. */
export function withoutNoneColumns(steps: readonly TracedStep[]): readonly TracedStep[] {
  const columns = new Map<TracedStep['groups'], TracedStep['groups']>();
  for (const { groups } of steps) {
    if (!columns.has(groups) && groups.some(isNone))
      columns.set(
        groups,
        groups.map((group) => (isNone(group) ? null : group)),
      );
  }
  if (columns.size === 0) return steps;
  return steps.map((step) => ({ ...step, groups: columns.get(step.groups) ?? step.groups }));
}

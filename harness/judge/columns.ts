/** Steps of two traces laid side by side, parameter by parameter. */
import type { TracedStep } from '../trace/schema.ts';
import type { Resume } from './evidence.ts';

const indexes = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** Where each parameter's column is; traces share one array of names among their steps. */
export function indexOf(names: readonly string[]): ReadonlyMap<string, number> {
  let index = indexes.get(names);
  if (index === undefined) {
    index = new Map(names.map((name, at) => [name, at]));
    indexes.set(names, index);
  }
  return index;
}

export interface StepPair {
  readonly control: TracedStep;
  readonly resumed: TracedStep;
}

/** The steps that both made. */
export function stepPairs({ steps, controlSteps }: Resume): StepPair[] {
  const byStep = new Map(controlSteps.map((step) => [step.step, step]));
  return steps.flatMap((resumed) => {
    const control = byStep.get(resumed.step);
    return control === undefined ? [] : [{ control, resumed }];
  });
}

/** Parameter names of the control's stretch. */
export const namesOf = (pairs: readonly StepPair[]): readonly string[] => pairs[0]?.control.names ?? [];

/** A parameter's total over some steps; 0 where a step does not know it. */
export function total(
  steps: readonly TracedStep[],
  name: string,
  column: (step: TracedStep) => readonly number[],
): number {
  return steps.reduce((sum, step) => sum + (column(step)[indexOf(step.names).get(name) ?? -1] ?? 0), 0);
}

export const totalOf = (
  steps: readonly TracedStep[],
  column: (step: TracedStep) => readonly number[],
): number => steps.reduce((sum, step) => sum + column(step).reduce((a, b) => a + b, 0), 0);

/** Names of the parameters of which any element changed in any of the steps. */
export function moved(steps: readonly TracedStep[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const step of steps) {
    step.changed.forEach((changed, at) => {
      if (changed) names.add(step.names[at]!);
    });
  }
  return names;
}

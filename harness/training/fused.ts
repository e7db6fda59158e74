/**
 * sd-scripts' two fused modes: the update happens inside gradient hooks, so that no more than one
 * parameter's, or one group's, gradients are alive at a time.
 *
 * Both capture what they step when they are registered, the parameter-group object among it. They must
 * therefore be registered after everything has been restored; that order is what resumeproof proves.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { clipGradientNorm, type Gradients } from './gradients.ts';
import type { Optimizer, Parameter, ParameterGroup } from './optimizer.ts';

/** Takes all the hooks of one registration away. */
export type Unregister = () => void;

/**
 * Fused backward pass: each hook clips its own parameter's gradient, steps the parameter and drops the
 * gradient. No gradient accumulation: each backward pass is an update.
 */
export function fuseBackwardPass(
  gradients: Gradients,
  optimizer: Optimizer,
  options: { readonly maxGradNorm: number },
): Unregister {
  const handles = optimizer.groups.flatMap((group) =>
    group.parameters.map(({ variable }) =>
      gradients.onAccumulated(variable, () => {
        clipGradientNorm(gradients, variable, options.maxGradNorm);
        stepAndDrop(gradients, optimizer, variable, group);
      }),
    ),
  );
  return () => {
    for (const remove of handles) remove();
  };
}

/** Without a gradient nothing happens: a hook that was registered twice has dropped it at its first call. */
function stepAndDrop(
  gradients: Gradients,
  optimizer: Optimizer,
  variable: Variable,
  group: ParameterGroup,
): void {
  const gradient = gradients.of(variable);
  if (gradient === undefined) return;
  optimizer.stepParameter(variable, gradient, group);
  gradients.drop(variable);
}

export interface FusedGroups {
  /** To be called before each backward pass: starts every group's count again. */
  resetCounts: () => void;
  readonly unregister: Unregister;
}

/**
 * Fused optimizer groups: one optimizer a group, stepped by the hook that finds all of the group's
 * parameters counted; its gradients are dropped at once.
 */
export function fuseOptimizerGroups(
  gradients: Gradients,
  optimizers: readonly Optimizer[],
  options: { readonly maxGradNorm: number },
): FusedGroups {
  const counts = optimizers.map(() => 0);
  const handles = optimizers.flatMap((optimizer, index) => {
    const held: readonly ParameterGroup[] = optimizer.groups;
    // A frozen parameter gets no gradient: counted, it would keep its group from ever being full.
    const variables = held
      .flatMap((group) => group.parameters.map(({ variable }) => variable))
      .filter(({ trainable }) => trainable);
    return variables.map((variable) =>
      gradients.onAccumulated(variable, () => {
        clipGradientNorm(gradients, variable, options.maxGradNorm);
        counts[index]! += 1;
        if (counts[index] !== variables.length) return;
        for (const group of held) {
          for (const { variable: own } of group.parameters) stepAndDrop(gradients, optimizer, own, group);
        }
      }),
    );
  });
  return {
    resetCounts: () => counts.fill(0),
    unregister: () => {
      for (const remove of handles) remove();
    },
  };
}

/**
 * Splits parameter groups into about `count` groups of about equal size, in order, with a new group
 * wherever the learning rate changes: how sd-scripts forms its fused optimizer groups.
 * @throws when `count` is not a positive integer
 */
export function splitIntoGroups(groups: readonly ParameterGroup[], count: number): ParameterGroup[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`expected a positive integer for the number of fused groups, received ${count}`);
  }
  const total = groups.reduce((sum, group) => sum + group.parameters.length, 0);
  const size = Math.ceil(total / count);
  return groups
    .flatMap((group) => {
      const parts: { group: ParameterGroup; parameters: Parameter[] }[] = [];
      for (let at = 0; at < group.parameters.length; at += size) {
        parts.push({ group, parameters: group.parameters.slice(at, at + size) });
      }
      return parts;
    })
    .map(({ group, parameters }, index) => ({ ...group, name: `group ${index}`, parameters }));
}

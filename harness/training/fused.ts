/**
 * sd-scripts' two fused modes. They update parameters inside gradient hooks, so that the gradients of only one parameter,
 * or of one group, are alive at a time.
 *
 * The hooks capture the variables and parameter-group objects that exist when they are registered. They must therefore
 * be registered after everything is restored. resumeproof detects the wrong order.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { clipGradientNorm, type Gradients } from './gradients.ts';
import type { Optimizer, Parameter, ParameterGroup } from './optimizer.ts';

/** Removes all hooks of one registration. */
export type Unregister = () => void;

/**
 * sd-scripts' fused backward pass: a hook on each parameter clips its gradient, steps the parameter and drops the
 * gradient, so that only one parameter's gradient is alive at a time. Each backward pass updates the parameters, so
 * gradients do not accumulate. The hooks capture the current variables and group objects: register them after everything
 * is restored.
 * @param options.maxGradNorm the maximum L2 norm of each parameter's gradient; 0 for no clipping
 * @returns a function that removes the hooks
 * @example
 * ```ts
 * import { adamW, fuseBackwardPass, Gradients, Optimizer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([3]));
 * const parameters = [{ name: 'weight', variable: weight }];
 * const optimizer = new Optimizer([{ name: 'all', parameters, learningRate: 1e-3, weightDecay: 0 }], adamW());
 * const gradients = new Gradients();
 * fuseBackwardPass(gradients, optimizer, { maxGradNorm: 1 });
 * gradients.backward((read) => tf.sum(tf.square(read(weight)))).dispose(); // updates weight
 * ```
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

/** Does nothing without a gradient. If a hook is registered twice, its first call has already dropped the gradient. */
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

/** What {@link fuseOptimizerGroups} returns. */
export interface FusedGroups {
  /** Resets the count of every group. Call it before each backward pass. */
  resetCounts: () => void;
  /** Removes the hooks. */
  readonly unregister: Unregister;
}

/**
 * sd-scripts' fused optimizer groups: each group has its own optimizer. As soon as every trainable parameter of a group
 * has a gradient, a hook steps the whole group and drops its gradients. A group with a trainable parameter that gets no
 * gradient never steps. The hooks capture the current variables and group objects: register them after everything is
 * restored.
 * @param options.maxGradNorm the maximum L2 norm of each parameter's gradient; 0 for no clipping
 * @example
 * ```ts
 * import { adamW, fuseOptimizerGroups, Gradients, Optimizer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([3]));
 * const parameters = [{ name: 'weight', variable: weight }];
 * const optimizer = new Optimizer([{ name: 'all', parameters, learningRate: 1e-3, weightDecay: 0 }], adamW());
 * const gradients = new Gradients();
 * const { resetCounts } = fuseOptimizerGroups(gradients, [optimizer], { maxGradNorm: 1 });
 * resetCounts();
 * gradients.backward((read) => tf.sum(tf.square(read(weight)))).dispose(); // updates weight
 * ```
 */
export function fuseOptimizerGroups(
  gradients: Gradients,
  optimizers: readonly Optimizer[],
  options: { readonly maxGradNorm: number },
): FusedGroups {
  const counts = optimizers.map(() => 0);
  const handles = optimizers.flatMap((optimizer, index) => {
    const held: readonly ParameterGroup[] = optimizer.groups;
    // A frozen parameter gets no gradient. If it counted, its group would never be complete.
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
 * Splits parameter groups into about `count` groups of about equal size, in order. A new group begins wherever the
 * original group changes. sd-scripts forms its fused optimizer groups this way.
 * @throws `RangeError` when `count` is not a positive integer
 * @example
 * ```ts
 * import { adamW, Optimizer, type ParameterGroup, splitIntoGroups } from 'resumeproof';
 *
 * export function optimizersOf(groups: readonly ParameterGroup[]): Optimizer[] {
 *   return splitIntoGroups(groups, 4).map((group) => new Optimizer([group], adamW()));
 * }
 * ```
 */
export function splitIntoGroups(groups: readonly ParameterGroup[], count: number): ParameterGroup[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `splitIntoGroups: expected a positive integer for the number of fused groups, received ${count}`,
    );
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

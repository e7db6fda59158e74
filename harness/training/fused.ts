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

/** Removes all hooks of one registration. */
export type Unregister = () => void;

/**
 * sd-scripts' fused backward pass: a hook on each parameter clips its gradient, steps the parameter and drops the
 * gradient, so that only one parameter's gradient is alive at a time. Each backward pass is an update; gradients are not
 * accumulated. The hooks capture the variables and group objects of now: register them after everything is restored.
 * @param options.maxGradNorm largest L2 norm of a parameter's gradient; 0 for no clipping
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

/** What {@link fuseOptimizerGroups} returns. */
export interface FusedGroups {
  /** Resets the count of every group. Call it before each backward pass. */
  resetCounts: () => void;
  /** Removes the hooks. */
  readonly unregister: Unregister;
}

/**
 * sd-scripts' fused optimizer groups: each group has its own optimizer. The hook on the group's last parameter steps the
 * whole group and drops its gradients. Every trainable parameter of a group must get a gradient, else the group is never
 * stepped. The hooks capture the variables and group objects of now: register them after everything is restored.
 * @param options.maxGradNorm largest L2 norm of a parameter's gradient; 0 for no clipping
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

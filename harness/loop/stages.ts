/** Lists of named stages, and changes of them. */
import type { Parts } from './parts.ts';

/** A named stage of a {@link LoopStages}. */
export interface Stage {
  /** The stage's name. {@link replaced} and the other functions find the stage by it. */
  readonly name: string;
  /** Runs the stage on the parts of the loop. */
  run(parts: Parts): void | Promise<void>;
}

export async function runStages(stages: readonly Stage[], parts: Parts): Promise<void> {
  for (const stage of stages) await stage.run(parts);
}

/** @throws {Error} when no stage has that name, because a change without effect would go unnoticed */
function indexOf(stages: readonly Stage[], name: string): number {
  const at = stages.findIndex((stage) => stage.name === name);
  if (at < 0) {
    const names = stages.map((stage) => `'${stage.name}'`).join(', ');
    throw new Error(`the loop has no stage '${name}': use one of ${names}`);
  }
  return at;
}

/**
 * Moves all stages of one name directly before or after the first stage of another name. Returns a new list.
 * @throws `Error` when no stage has one of the names
 * @example
 * ```ts
 * import { type LoopStages, reordered } from 'resumeproof';
 *
 * export function hooksTooEarly(stages: LoopStages): void {
 *   stages.assembly = reordered(stages.assembly, 'hooks', { before: 'restore weights' });
 * }
 * ```
 */
export function reordered(
  stages: readonly Stage[],
  name: string,
  where: { readonly before: string } | { readonly after: string },
): Stage[] {
  indexOf(stages, name);
  const those = stages.filter((stage) => stage.name === name);
  const others = stages.filter((stage) => stage.name !== name);
  const at = 'before' in where ? indexOf(others, where.before) : indexOf(others, where.after) + 1;
  return others.toSpliced(at, 0, ...those);
}

/**
 * Inserts a stage directly after the first stage of a name. Returns a new list.
 * @throws `Error` when no stage has that name
 * @example
 * ```ts
 * import { insertedAfter, type LoopStages } from 'resumeproof';
 *
 * export function dropEma(stages: LoopStages): void {
 *   stages.assembly = insertedAfter(stages.assembly, 'restore EMA', {
 *     name: 'drop the EMA',
 *     run: (parts) => {
 *       parts.ema = undefined;
 *     },
 *   });
 * }
 * ```
 */
export const insertedAfter = (stages: readonly Stage[], name: string, stage: Stage): Stage[] =>
  stages.toSpliced(indexOf(stages, name) + 1, 0, stage);

/**
 * Inserts a stage directly before the first stage of a name. Returns a new list.
 * @throws `Error` when no stage has that name
 * @example
 * ```ts
 * import { insertedBefore, type LoopStages } from 'resumeproof';
 *
 * export function logBeforeRestore(stages: LoopStages): void {
 *   stages.assembly = insertedBefore(stages.assembly, 'restore weights', {
 *     name: 'log',
 *     run: ({ saved }) => console.log(saved?.step),
 *   });
 * }
 * ```
 */
export const insertedBefore = (stages: readonly Stage[], name: string, stage: Stage): Stage[] =>
  stages.toSpliced(indexOf(stages, name), 0, stage);

/**
 * Replaces the work of all stages of one name. Returns a new list.
 * @param run called instead of the stage's `run`, with the parts and the original `run`
 * @throws `Error` when no stage has that name
 * @example
 * ```ts
 * import { type LoopStages, replaced } from 'resumeproof';
 *
 * export function restoreWeightsOnlyWhenTraining(stages: LoopStages): void {
 *   stages.assembly = replaced(stages.assembly, 'restore weights', (parts, original) =>
 *     parts.training ? original(parts) : undefined,
 *   );
 * }
 * ```
 */
export function replaced(
  stages: readonly Stage[],
  name: string,
  run: (parts: Parts, original: Stage['run']) => void | Promise<void>,
): Stage[] {
  indexOf(stages, name);
  return stages.map((stage) =>
    stage.name === name ? { name, run: (parts) => run(parts, (...given) => stage.run(...given)) } : stage,
  );
}

/**
 * Removes all stages of one name. Returns a new list.
 * @throws `Error` when no stage has that name
 * @example
 * ```ts
 * import { type LoopStages, without } from 'resumeproof';
 *
 * export function forgetBuffers(stages: LoopStages): void {
 *   stages.assembly = without(stages.assembly, 'restore buffers');
 * }
 * ```
 */
export function without(stages: readonly Stage[], name: string): Stage[] {
  indexOf(stages, name);
  return stages.filter((stage) => stage.name !== name);
}

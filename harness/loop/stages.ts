/** A loop as a list of named stages: what it does, in which order. */
import type { Parts } from './parts.ts';

export interface Stage {
  readonly name: string;
  run(parts: Parts): void | Promise<void>;
}

export async function runStages(stages: readonly Stage[], parts: Parts): Promise<void> {
  for (const stage of stages) await stage.run(parts);
}

/** @throws when there is none of that name: a change that changes nothing would go unnoticed */
function indexOf(stages: readonly Stage[], name: string): number {
  const at = stages.findIndex((stage) => stage.name === name);
  if (at < 0) {
    throw new Error(`no stage '${name}' among ${stages.map((stage) => `'${stage.name}'`).join(', ')}`);
  }
  return at;
}

/** The same stages with those of a name right before, or right after, another. */
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

/** The same stages with another one right after one of them. */
export const insertedAfter = (stages: readonly Stage[], name: string, stage: Stage): Stage[] =>
  stages.toSpliced(indexOf(stages, name) + 1, 0, stage);

/** The same stages with another one right before one of them. */
export const insertedBefore = (stages: readonly Stage[], name: string, stage: Stage): Stage[] =>
  stages.toSpliced(indexOf(stages, name), 0, stage);

/** The same stages, those of a name with what `run` makes of them. */
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

/** The same stages without those of a name. */
export function without(stages: readonly Stage[], name: string): Stage[] {
  indexOf(stages, name);
  return stages.filter((stage) => stage.name !== name);
}
